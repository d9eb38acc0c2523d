import { aDuration, anObject, aSignal, checkOptions, type OptionChecks } from "../options/check-options.ts";
import type { CallOptions } from "../waiting/time-limit.ts";
import { aConsumerName } from "./consumer.ts";
import type { FlushOptions, SetCursorOptions } from "./cursor-store.ts";

export const callChecks: OptionChecks<CallOptions> = { signal: aSignal, timeoutMs: aDuration };
const setChecks: OptionChecks<SetCursorOptions> = { ...callChecks, event: anObject };
const flushChecks: OptionChecks<FlushOptions> = { ...callChecks, consumer: aConsumerName };

/** @throws TypeError or RangeError `invalid_option` */
export function checkCallOptions(owner: string, options: CallOptions): CallOptions {
  return checkOptions(owner, options, callChecks);
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkSetCursorOptions(options: SetCursorOptions): SetCursorOptions {
  return checkOptions("setCursor", options, setChecks);
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkFlushOptions(options: FlushOptions): FlushOptions {
  return checkOptions("flush", options, flushChecks);
}

/**
 * The event that was passed, if the options are right and name nothing else; `false` if they may not be. It is asked for
 * each event, so that it must cost next to nothing.
 */
export function onlyEvent(options: SetCursorOptions): SetCursorOptions["event"] | false {
  if (typeof options !== "object" || options === null || Object.getPrototypeOf(options) !== Object.prototype) {
    return false;
  }
  for (const name in options) if (name !== "event") return false;
  const { event } = options;
  return event === undefined || typeof Object(event).id === "string" ? event : false;
}
