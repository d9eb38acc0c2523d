const LOOK_MS = 5000;

let lookMs = LOOK_MS;

/** How often the rows of running consumers are looked at for requests and for changes by others, in ms. */
export function lookPeriodMs(): number {
  return lookMs;
}

/** Sets {@link lookPeriodMs} for tests, which can't wait so long; without a number back to what programs have. */
export function setLookPeriodMs(forTests: number = LOOK_MS): void {
  lookMs = forTests;
}
