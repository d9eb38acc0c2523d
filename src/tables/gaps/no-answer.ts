import { isReflexError } from "../../errors/reflex-error.ts";
import { showWithCauses } from "../../errors/show-error.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";

/** Why a step at a gap waits, after a server that takes writes did not answer. `more` says why no other answers for it. */
export function noAnswer(error: unknown, more = ""): WaitCause {
  const shown = showWithCauses(error);
  // A time limit does not tell whether it was the pool that had no connection, or the server that did not answer.
  if (isReflexError(error, "time_limit")) return { reason: "unknown", message: shown };
  const message = `a server that takes writes does not answer: bring it back, or name another in gaps.primary and gaps.probe (${shown})`;
  return { reason: "unreachable", message: more === "" ? message : `${message}; ${more}` };
}
