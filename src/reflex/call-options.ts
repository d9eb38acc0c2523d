import { aDuration, anObject, aSignal, checkOptions, type OptionChecks } from "../options/check-options.ts";
import type { CallOptions } from "../waiting/time-limit.ts";
import { aConsumerName } from "./consumer.ts";
import type { FlushOptions, SetCursorOptions } from "./cursor-store.ts";

export const callChecks: OptionChecks<CallOptions> = { signal: aSignal, timeoutMs: aDuration };
const setChecks: OptionChecks<SetCursorOptions> = { ...callChecks, event: anObject };
const flushChecks: OptionChecks<FlushOptions> = { ...callChecks, consumer: aConsumerName };

/** @throws TypeError or RangeError `invalid_option` */
export function checkCallOptions(owner: string, options: CallOptions): void {
  checkOptions(owner, options, callChecks);
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkSetCursorOptions(options: SetCursorOptions): void {
  checkOptions("setCursor", options, setChecks);
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkFlushOptions(options: FlushOptions): void {
  checkOptions("flush", options, flushChecks);
}

/**
 * Whether the options are right and name nothing but the event that was passed. It is asked for each event, so that it
 * must cost next to nothing.
 */
export function isOnlyEvent(options: SetCursorOptions): boolean {
  if (typeof options !== "object" || options === null || Object.getPrototypeOf(options) !== Object.prototype) {
    return false;
  }
  for (const name in options) if (name !== "event") return false;
  const { event } = options;
  return event === undefined || typeof Object(event).id === "string";
}
