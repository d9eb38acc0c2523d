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
// How long the connection waits for its next use, as long as calls take long.
const LINGER_MS = 3000;

/**
 * Asks a server whether it is there, on a session of its own that no other call stands before. It takes a connection of the
 * pool only while calls take long. While that connection is being opened, later questions wait for the same one: an
 * unreachable server costs the pool one place.
 */
export class Heartbeat {
  readonly #database: Database;
  #held: BorrowedSession | undefined;
  #cancelLinger: (() => void) | undefined;
  #openedAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database) {
    this.#database = database;
  }

  /** When its connection was opened last, by `performance.now()`. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  async ask<R>(question: (session: Session, timeoutMs: number) => Promise<R>): Promise<Beat<R>> {
    const deadline = performance.now() + ANSWER_MS;
    const held = this.#open();
    try {
      const session = await withTimeLimit(held.opened, {
        timeoutMs: ANSWER_MS,
        what: "a connection to ask the server",
      });
      return { kind: "answered", value: await question(session, Math.max(1, deadline - performance.now())) };
    } catch (error) {
      // A connection that is still being opened is kept: it will be there as soon as the server is.
      if (held.session === undefined && this.#held === held) return { kind: "silent" };
      if (held.session === undefined || !mayHaveBroken(error)) return { kind: "failed", error };
      this.#close(held);
      return { kind: "silent" };
    } finally {
      this.#linger();
    }
  }

  #open(): BorrowedSession {
    if (this.#held !== undefined) return this.#held;
    const held = new BorrowedSession(this.#database, { statementTimeoutMs: ANSWER_MS });
    this.#held = held;
    void this.#noteOpening(held);
    return held;
  }

  async #noteOpening(held: BorrowedSession): Promise<void> {
    try {
      await held.opened;
      this.#openedAtMs = performance.now();
    } catch {
      if (this.#held === held) this.#held = undefined;
    }
  }

  #linger(): void {
    this.#cancelLinger?.();
    const held = this.#held;
    if (held === undefined) return;
    this.#cancelLinger = startTimer(LINGER_MS, () => this.#close(held), { keepAlive: false });
  }

  #close(held: BorrowedSession): void {
    if (this.#held === held) this.#held = undefined;
    held.giveBack();
  }
}
