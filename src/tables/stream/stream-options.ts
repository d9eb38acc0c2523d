import { aBoolean, aDuration, aSignal, checkOptions, type OptionChecks } from "../../reflex/options.ts";
import type { StreamOptions } from "../../reflex/stream.ts";

const checks: OptionChecks<StreamOptions> = {
  lagMs: aDuration,
  fromHead: aBoolean,
  toHead: aBoolean,
  signal: aSignal,
};

/** @throws TypeError or RangeError `invalid_option` */
export function checkStreamOptions(options: StreamOptions): StreamOptions {
  return checkOptions("a stream", options, checks);
}
