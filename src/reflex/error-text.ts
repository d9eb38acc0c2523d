import { isReflexError, type ReflexErrorDetails } from "../errors/reflex-error.ts";

/** What has failed, as an error report tells it. */
interface Failure {
  readonly activity: string;
  readonly name: string;
  readonly error: unknown;
  readonly retryInMs?: number;
  readonly unreported?: number;
}

/** The values of an error report, for a logger. */
export function detailsOf({ activity, name, error, retryInMs, unreported }: Failure): ReflexErrorDetails {
  return {
    activity,
    name,
    ...(isReflexError(error) ? { code: error.code, ...error.details } : {}),
    ...(retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) }),
    ...(unreported === undefined ? {} : { unreported }),
  };
}
