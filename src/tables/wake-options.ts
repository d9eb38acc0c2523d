import { aFiniteDuration, checkOptions } from "../reflex/options.ts";

/** How often a stream at the head looks for events that nobody told it of, in ms. */
export interface WakeOptions {
  /** Shortly after an event. @defaultValue 5 */
  hotMs?: number | undefined;
  /** When nothing has happened for a while. @defaultValue 50 */
  idleMs?: number | undefined;
}

/** {@link WakeOptions} with every default filled in. */
export interface WakeConfig {
  readonly hotMs: number;
  readonly idleMs: number;
}

/** @throws TypeError or RangeError `invalid_option` */
export function toWakeConfig(owner: string, wake: false | WakeOptions | undefined): false | WakeConfig {
  if (wake === false) return false;
  const { hotMs = 5, idleMs = 50 } = checkOptions<WakeOptions>(`option wake of ${owner}`, wake, {
    hotMs: aFiniteDuration,
    idleMs: aFiniteDuration,
  });
  return { hotMs, idleMs };
}
