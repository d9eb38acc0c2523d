import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import { toldInTime, type WaitVerdict } from "./judge-wait.ts";

/** What came of the tries of one way on one server. */
export interface WayResult {
  readonly way: string;
  readonly server: ServerVendor;
  readonly seed: number;
  /** How many were asked for. */
  readonly tries: number;
  readonly verdicts: readonly WaitVerdict[];
  /** Events that were committed and never delivered. */
  readonly lost: number;
  readonly outOfOrder: number;
  /** Events that came again after a restart of a run. */
  readonly again: number;
  /** Why it could not be played to its end. */
  readonly failure?: string | undefined;
  /** Why it was not played at all. */
  readonly skipped?: string | undefined;
  readonly seconds: number;
}

/** What is wrong with a result, each in a few words; empty if nothing is. */
export function problemsOf({ verdicts, lost, outOfOrder, failure, skipped, tries }: WayResult): string[] {
  if (skipped !== undefined) return [];
  const problems = failure === undefined ? [] : [failure];
  const waits = verdicts.filter((verdict) => !verdict.void);
  if (waits.length < tries) problems.push(`only ${waits.length} waits, ${tries} make it count`);
  const silent = waits.filter((verdict) => !toldInTime(verdict)).length;
  if (silent > 0) problems.push(`${silent} not told in time`);
  const wrong = waits.filter((verdict) => verdict.wrong.length > 0).length;
  if (wrong > 0) problems.push(`${wrong} with a wrong cause`);
  const misnamed = waits.filter(({ blockerRight }) => blockerRight === false).length;
  if (misnamed > 0) problems.push(`${misnamed} with another session named as what holds them up`);
  const stuck = waits.filter(({ neverBack }) => neverBack).length;
  if (stuck > 0) problems.push(`${stuck} never went on`);
  const late = waits.filter(({ backLate }) => backLate).length;
  if (late > 0) problems.push(`${late} back too late`);
  if (lost > 0) problems.push(`${lost} lost`);
  if (outOfOrder > 0) problems.push(`${outOfOrder} out of order`);
  return problems;
}

export function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
