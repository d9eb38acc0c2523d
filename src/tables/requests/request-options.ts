import { hostname, userInfo } from "node:os";
import { aBoolean, aDuration, aFiniteDuration, aSignal, type OptionChecks } from "../../options/check-options.ts";
import { isWellFormed } from "../../options/well-formed.ts";
import type { CursorRequestKind } from "../../reflex/cursor-requests.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

/** Who asks something of a consumer, why, and for how long the answer is waited for. */
export interface RequestOptions extends CallOptions {
  /** Who asks, for the record. @defaultValue the system's user and host, such as "ann@laptop" */
  by?: string | undefined;
  /** Why, for the record: up to 255 characters. @defaultValue "" */
  reason?: string | undefined;
  /**
   * How long to wait for the consumer's run to answer, in ms. A run looks every 5 s, and finishes the event at hand first.
   * @defaultValue 10 000
   */
  waitMs?: number | undefined;
  /** The longest that one statement may take, in ms. @defaultValue `statementTimeoutMs` of the table */
  timeoutMs?: number | undefined;
}

/** As {@link RequestOptions}, for what can be done without a run. */
export interface ForcedRequestOptions extends RequestOptions {
  /**
   * Do it at once if no run has answered within `waitMs`. A run that is there after all then ends with
   * `cursor_not_advanced`, as after any change of its cursor by someone else. @defaultValue false: the request stays, and
   * the next run answers it before its first event
   */
  force?: boolean | undefined;
}

/** What became of a request. */
export interface CursorChange {
  /** The name of the consumer. */
  readonly consumer: string;
  /** What was asked. */
  readonly kind: CursorRequestKind;
  /**
   * `obeyed` by a run; `refused` by it; `forced`: done without one; `pending`: nobody has answered yet, the next run will;
   * `withdrawn`: someone asked something else, or deleted the row, before it was answered.
   */
  readonly outcome: "obeyed" | "refused" | "forced" | "pending" | "withdrawn";
  /** Why a run has refused; undefined otherwise. */
  readonly reason: string | undefined;
  /** The cursor at the time of the request. */
  readonly from: string;
  /** The cursor that was asked for, or the id of the event to be skipped; "" for the other kinds. */
  readonly to: string;
  /** Who asked. */
  readonly by: string;
}

const LONGEST = 255;

/** A text of one line for the record. */
const aNote = (value: unknown): string | undefined =>
  typeof value === "string" && Array.from(value).length <= LONGEST && isWellFormed(value)
    ? undefined
    : `text of at most ${LONGEST} whole characters`;

export const requestChecks: OptionChecks<RequestOptions> = {
  by: (value) => (value === "" ? "not empty" : aNote(value)),
  reason: aNote,
  waitMs: aFiniteDuration,
  signal: aSignal,
  timeoutMs: aDuration,
};

export const forcedRequestChecks: OptionChecks<ForcedRequestOptions> = { ...requestChecks, force: aBoolean };

/** Who this process is to others. */
export function thisUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`.slice(0, LONGEST);
  } catch {
    // A system without an entry for the user, as in some containers.
    return hostname().slice(0, LONGEST);
  }
}
