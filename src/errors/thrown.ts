/**
 * A property of a value that may be anything. Undefined if there is none or if it can't be read: a getter or a proxy may
 * throw, and what was thrown by others must not be hidden by that.
 */
export function readProperty(value: unknown, name: string): unknown {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Whether the value is an `Error`, for any value: `instanceof` throws for a proxy that was revoked. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
