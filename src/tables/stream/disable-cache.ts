let enabled = true;

/** Makes every stream that is opened from now on in this process read for itself, as the option `cache: false` does. */
export function disableCache(): void {
  enabled = false;
}

/** Whether streams may share what they read. */
export function cacheEnabled(): boolean {
  return enabled;
}
