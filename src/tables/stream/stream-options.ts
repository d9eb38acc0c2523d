import {
  aBoolean,
  aFiniteDuration,
  aLogger,
  anObject,
  anyText,
  aSignal,
  checkOptions,
  either,
  type OptionChecks,
  oneOf,
} from "../../options/check-options.ts";
import { anObserver } from "../../reflex/observer-check.ts";
import type { StreamOptions } from "../../reflex/stream.ts";
import type { GapOptions } from "../events/gap-options.ts";

/** What streams of an events table take besides what all streams do. */
export interface TableStreamOptions extends StreamOptions {
  /** How this stream has gaps closed; it then shares nothing with the table's other streams. @defaultValue the table's */
  gaps?: false | GapOptions | undefined;
  /** What to do when rows beyond the cursor were deleted unread: end with `history_pruned`, or go on. @defaultValue "error" */
  onPruned?: "error" | "skip" | undefined;
  /** The table's first id, where the rows below it were pruned. Counts without a cursor only. @defaultValue found out */
  firstId?: string | undefined;
}

const checks: OptionChecks<TableStreamOptions> = {
  lagMs: aFiniteDuration,
  fromHead: aBoolean,
  toHead: aBoolean,
  position: anyText,
  observer: anObserver,
  logger: aLogger,
  signal: aSignal,
  gaps: either(oneOf(false), anObject),
  onPruned: oneOf("error", "skip"),
  firstId: (value) =>
    typeof value === "string" && /^\d{1,19}$/.test(value) && BigInt(value) < 2n ** 63n
      ? undefined
      : 'a decimal number from 0 to 2^63-1 such as "42"',
};

/** @throws TypeError or RangeError `invalid_option` */
export function checkStreamOptions(options: TableStreamOptions): TableStreamOptions {
  return checkOptions("a stream", options, checks);
}
