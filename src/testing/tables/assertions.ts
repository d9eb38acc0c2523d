import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import { isMistake, isReflexError } from "../../errors/reflex-error.ts";
import { showWithCauses, textWithCauses } from "../../errors/show-error.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";

/** Below the 5 s after which most runners give a test up, so that the message tells what was waited for. */
export const defaultPatienceMs = 4000;

/** An error that every test runner shows as a failed assertion. */
export function failure(message: string, cause?: unknown): AssertionError {
  const error = new AssertionError({ message });
  if (cause !== undefined) error.cause = cause;
  return error;
}

export function assertThat(holds: boolean, message: string): void {
  if (!holds) throw failure(message);
}

export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const message = `${what} must be ${text(expected)}, found ${text(actual)}`;
  throw new AssertionError({ message, actual, expected, operator: "deepStrictEqual" });
}

/** Returns what `work` rejects with. */
export async function rejectionOf(work: Promise<unknown>, what: string): Promise<unknown> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error;
  throw failure(`${what} must reject, it resolved with ${text(outcome.value)}`);
}

/** A failure of `work` as a failed assertion; a mistake in the call stays what it is. */
export async function asserted<R>(what: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AssertionError || isMistake(error)) throw error;
    throw failure(`${what}: ${textWithCauses(error)}`, error);
  }
}

/** Waits for `work`; fails after `limitMs`, so that a test says what it waited for before its runner cuts it short. */
export async function within<R>(limitMs: number, what: string, work: Promise<R>): Promise<R> {
  try {
    return await withTimeLimit(work, { timeoutMs: limitMs, what });
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    if (isReflexError(error, "time_limit") && error.details["what"] === what) throw failure(error.message);
    throw failure(`waited for ${what}, found ${showWithCauses(error)}`, error);
  }
}

/** Fails if `work` settles within a fifth of a second. */
export async function assertPending(work: Promise<unknown>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("pending"), 200);
  });
  const settled = work.then(
    (value) => `it resolved with ${text(value)}`,
    (error: unknown) => `it rejected with ${showWithCauses(error)}`,
  );
  const found = await Promise.race([settled, silence]);
  clearTimeout(timer);
  assertThat(found === "pending", `${what} must wait, ${found}`);
}

function text(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 3 });
}
