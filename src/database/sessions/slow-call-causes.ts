import type { Blocker, WaitCause } from "../../reflex/wait-cause.ts";
import type { PoolState } from "../database.ts";
import { namedBlocker } from "./blocker.ts";
import type { ThreadActivity } from "./thread-activity.ts";

/** The cause of whoever waits for a connection of a pool that has lent all of them; undefined if it has not. */
export function drained(state: PoolState | undefined): WaitCause | undefined {
  if (state === undefined) return undefined;
  const { limit, lent, waiting, idle, connecting } = state;
  // A pool that does not tell its limit may as well be trying to open one more.
  if (limit === undefined || waiting === 0 || idle > 0 || connecting > 0) return undefined;
  const message = `no connection of the pool (of ${limit}) is free, ${lent} are lent, and ${waiting} callers wait for one: give the pool more connections (streams read through one, and a gap takes up to two more), or look for ones never released`;
  return { reason: "no_connection", message };
}

/** The cause of whoever waits for a connection of a pool that does not tell its limit, and has none to give. */
export function givesNone({ limit, lent, waiting, idle, connecting }: PoolState): WaitCause | undefined {
  if (limit !== undefined || waiting === 0 || lent === 0 || idle > 0 || connecting > 0) return undefined;
  const message = `the pool has lent ${lent} connections and gives no further one, and ${waiting} callers wait for one: give it more connections, or look for ones never released`;
  return { reason: "no_connection", message };
}

export function unreachable(why: string): WaitCause {
  return {
    reason: "unreachable",
    message: `the server does not answer (${why}): bring it back, or check the network to it`,
  };
}

export function locked({ state }: ThreadActivity, blockedBy: Blocker | undefined): WaitCause {
  const word = state === "" ? "a lock" : `a lock (${state})`;
  const message =
    blockedBy === undefined
      ? `the server waits for ${word}: look in SHOW FULL PROCESSLIST for the session that holds it (LOCK TABLES, ALTER TABLE, FLUSH TABLES, or an open transaction that one of these waits for), and end it`
      : `the server waits for ${word}, which ${namedBlocker(blockedBy)} holds or waits for: end what it does, or KILL ${blockedBy.threadId}`;
  return { reason: "locked", message, blockedBy };
}

export function slow(threadId: number, { state, seconds }: ThreadActivity): WaitCause {
  const word = state === "" ? "" : ` ("${state}")`;
  return {
    reason: "slow",
    message: `the server has been at work on a statement of session ${threadId} for ${seconds} s${word}: look at its load, and at SHOW FULL PROCESSLIST`,
  };
}
