import { isReflexError } from "../../errors/reflex-error.ts";
import type { PoolNeed } from "../../reflex/pool-use.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { Database, Session } from "../database.ts";
import { BorrowedSession, mayHaveBroken } from "./borrowed-session.ts";

/** Whether the server answered, and what it said. */
export type Beat<R> =
  | { readonly kind: "answered"; readonly value: R }
  /** The pool has opened no connection in time, or the server has not answered in time. */
  | { readonly kind: "silent" }
  | { readonly kind: "failed"; readonly error: unknown };

// How long the server has to answer. It is asked something that needs no table and no lock.
const ANSWER_MS = 1500;
// How long it has in any case, however late the connection was opened: the network may just have come back.
const LEAST_ANSWER_MS = 700;
// When a second connection is tried where the pool is still at work on opening the first one, see ConnectGate.
const SECOND_AFTER_MS = 500;
// How long the connection waits for its next use, as long as calls take long.
const LINGER_MS = 3000;

/** What its connection is needed for. There is one for all that use a pool. */
export const ASKING: PoolNeed = { connections: 1, what: "asking why something takes long" };

/**
 * Asks a server whether it is there, on a session of its own that no other call stands before. It takes a connection of the
 * pool only while calls take long. While that connection is being opened, later questions wait for the same one, and soon for
 * a second one too: packets to an unreachable server are repeated, but less and less often.
 */
export class Heartbeat {
  readonly #database: Database;
  /** The sessions that are open or being opened, one or two. */
  readonly #held = new Set<BorrowedSession>();
  #cancelLinger: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async ask<R>(question: (session: Session, timeoutMs: number) => Promise<R>): Promise<Beat<R>> {
    const deadline = performance.now() + ANSWER_MS;
    try {
      const what = "a connection to ask the server";
      const held = await withTimeLimit(this.#opened(), { timeoutMs: ANSWER_MS, what });
      const timeoutMs = Math.max(LEAST_ANSWER_MS, deadline - performance.now());
      return await this.#answer(held, (session) => question(session, timeoutMs));
    } catch (error) {
      const first = error instanceof AggregateError ? error.errors[0] : error;
      // A connection that is still being opened is kept: it will be there as soon as the server is.
      return isReflexError(first, "time_limit") ? { kind: "silent" } : { kind: "failed", error: first };
    } finally {
      this.#linger();
    }
  }

  async #answer<R>(held: BorrowedSession, question: (session: Session) => Promise<R>): Promise<Beat<R>> {
    try {
      return { kind: "answered", value: await question(await held.opened) };
    } catch (error) {
      if (!mayHaveBroken(error)) return { kind: "failed", error };
      this.#close(held);
      return { kind: "silent" };
    }
  }

  /** The session that is open, or is opened first. */
  #opened(): Promise<BorrowedSession> {
    if (this.#held.size === 0) this.#open();
    const held = [...this.#held];
    if (held.some(({ session }) => session !== undefined) || held.length > 1) return firstOf(held);
    return Promise.race([firstOf(held), this.#secondOpened()]);
  }

  /** The first of both, once there is a second one. Pending for ever if there is no need of one. */
  #secondOpened(): Promise<BorrowedSession> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const [first] = this.#held;
        const isOpening = first !== undefined && first.session === undefined && this.#held.size === 1;
        if (!isOpening || this.#database.poolState?.()?.connecting === 0) return;
        this.#open();
        firstOf([...this.#held]).then(resolve, reject);
      };
      startTimer(SECOND_AFTER_MS, look, { keepAlive: false });
    });
  }

  #open(): void {
    const another = new BorrowedSession(this.#database, { statementTimeoutMs: ANSWER_MS });
    this.#held.add(another);
    another.opened.then(
      () => this.#keepOnly(another),
      () => this.#held.delete(another),
    );
  }

  #keepOnly(opened: BorrowedSession): void {
    // It was given back while it was being opened, as the other one was there first.
    if (!this.#held.has(opened)) return;
    for (const other of this.#held) if (other !== opened) this.#close(other);
  }

  #linger(): void {
    this.#cancelLinger?.();
    if (this.#held.size === 0) return;
    this.#cancelLinger = startTimer(LINGER_MS, () => this.close(), { keepAlive: false });
  }

  /** Gives its connections back. The next question opens another. */
  close(): void {
    for (const held of this.#held) this.#close(held);
  }

  #close(held: BorrowedSession): void {
    this.#held.delete(held);
    held.giveBack();
  }
}

function firstOf(sessions: readonly BorrowedSession[]): Promise<BorrowedSession> {
  return Promise.any(sessions.map((held) => held.opened.then(() => held)));
}
