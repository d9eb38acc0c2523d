import { isReflexError, type ReflexErrorDetails } from "../errors/reflex-error.ts";
import { errorText, showError } from "../errors/show-error.ts";
import { readProperty } from "../errors/thrown.ts";

/** What has failed, as an error report tells it. */
interface Failure {
  readonly activity: string;
  readonly name: string;
  readonly error: unknown;
  readonly retryInMs?: number;
}

const MOST_CAUSES = 5;

/** An error and what has caused it, as one line. A cause whose text stands there already is not told again. */
export function textWithCauses(error: unknown): string {
  let text = showError(error);
  let cause = readProperty(error, "cause");
  for (let depth = 0; depth < MOST_CAUSES && cause !== undefined; depth++) {
    if (!text.includes(errorText(cause))) text += `; caused by ${showError(cause)}`;
    cause = readProperty(cause, "cause");
  }
  return text;
}

/** The values of an error report, for a logger. */
export function detailsOf({ activity, name, error, retryInMs }: Failure): ReflexErrorDetails {
  return {
    activity,
    name,
    ...(isReflexError(error) ? { code: error.code, ...error.details } : {}),
    ...(retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) }),
  };
}
