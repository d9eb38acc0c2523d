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
// When a second connection is tried, see ConnectGate.
const SECOND_AFTER_MS = 5000;
// How long the connection waits for its next use, as long as calls take long.
const LINGER_MS = 3000;

/** What its connection is needed for. There is one for all that use a pool. */
export const ASKING: PoolNeed = { connections: 1, what: "asking why something takes long" };

/**
 * Asks a server whether it is there, on a session of its own that no other call stands before. It takes a connection of the
 * pool only while calls take long. While that connection is being opened, later questions wait for the same one, and after
 * a while for a second one too: packets to an unreachable server are repeated, but less and less often.
 */
export class Heartbeat {
  readonly #database: Database;
  /** The sessions that are open or being opened, one or two. */
  readonly #held = new Map<BorrowedSession, { readonly sinceMs: number }>();
  #cancelLinger: (() => void) | undefined;
  #openedAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database) {
    this.#database = database;
  }

  /** When a connection of its own was opened last, by `performance.now()`. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  async ask<R>(question: (session: Session, timeoutMs: number) => Promise<R>): Promise<Beat<R>> {
    const deadline = performance.now() + ANSWER_MS;
    this.#open();
    const held = [...this.#held.keys()];
    try {
      const opened = Promise.any(held.map((one) => one.opened));
      const session = await withTimeLimit(opened, { timeoutMs: ANSWER_MS, what: "a connection to ask the server" });
      return await this.#answer(() => question(session, Math.max(1, deadline - performance.now())), held);
    } catch (error) {
      // A connection that is still being opened is kept: it will be there as soon as the server is.
      return isReflexError(error, "time_limit") ? { kind: "silent" } : { kind: "failed", error: firstOf(error) };
    } finally {
      this.#linger();
    }
  }

  async #answer<R>(question: () => Promise<R>, asked: readonly BorrowedSession[]): Promise<Beat<R>> {
    try {
      return { kind: "answered", value: await question() };
    } catch (error) {
      if (!mayHaveBroken(error)) return { kind: "failed", error };
      for (const held of asked) if (held.session !== undefined) this.#close(held);
      return { kind: "silent" };
    }
  }

  #open(): void {
    const now = performance.now();
    const held = [...this.#held];
    const isOpen = held.some(([{ session }]) => session !== undefined);
    if (isOpen || held.length > 1 || held.some(([, { sinceMs }]) => now - sinceMs < SECOND_AFTER_MS)) return;
    const another = new BorrowedSession(this.#database, { statementTimeoutMs: ANSWER_MS });
    this.#held.set(another, { sinceMs: now });
    void this.#noteOpening(another);
  }

  async #noteOpening(held: BorrowedSession): Promise<void> {
    try {
      await held.opened;
      this.#openedAtMs = performance.now();
      for (const other of this.#held.keys()) if (other !== held) this.#close(other);
    } catch {
      this.#held.delete(held);
    }
  }

  #linger(): void {
    this.#cancelLinger?.();
    if (this.#held.size === 0) return;
    this.#cancelLinger = startTimer(LINGER_MS, () => this.close(), { keepAlive: false });
  }

  /** Gives its connections back. The next question opens another. */
  close(): void {
    for (const held of this.#held.keys()) this.#close(held);
  }

  #close(held: BorrowedSession): void {
    this.#held.delete(held);
    held.giveBack();
  }
}

function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}
