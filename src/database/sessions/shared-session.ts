import type { WaitCause } from "../../reflex/wait-cause.ts";
import { CountedRegistry } from "../../waiting/counted-registry.ts";
import type { Database, Executor, Session, SqlParam } from "../database.ts";
import { BorrowedSession, mayHaveBroken } from "./borrowed-session.ts";
import { SLOW_AFTER_MS, slowCalls } from "./slow-calls.ts";

// How long the server has to answer a question on a connection that nobody uses just now.
const FREE_ANSWER_MS = 1000;

export interface ReadOptions {
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export interface EpochRows<R> {
  readonly rows: R[];
  readonly epoch: number;
}

const sessions = new CountedRegistry<object, SharedSession>();

/**
 * The session through which all streams of this database read. The caller becomes one of its users, and closes it once
 * when done.
 */
export function shareSession(database: Database): SharedSession {
  return sessions.acquire(database.identity, () => new SharedSession(database));
}

/**
 * One connection of the pool for all streams of a database, so that a hundred streams don't empty the pool. It is taken
 * at the first read, and given back with its last user. After an error that may have broken the connection, the next
 * read takes another.
 */
export class SharedSession {
  readonly #database: Database;
  #ended = false;
  #epoch = 0;
  #held: BorrowedSession | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * A number that grows with each connection taken. What was read in an earlier epoch may be undone by now: a server
   * that crashed can lose what it had shown.
   */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why reads take long that are under way; undefined if none does. */
  whySlow(): Promise<WaitCause | undefined> {
    const calls = this.#held?.callsBefore(performance.now() - SLOW_AFTER_MS) ?? [];
    return slowCalls(this.#database).why(calls);
  }

  /** Asks a question on the connection, if it is open and no read is under way on it. */
  askFree<R>(question: (session: Session, timeoutMs: number) => Promise<R>): Promise<R> | undefined {
    const held = this.#held;
    const session = held?.session;
    if (held === undefined || session === undefined || held.callsBefore(performance.now()).length > 0) return undefined;
    return question(session, FREE_ANSWER_MS).catch((error: unknown) => {
      if (mayHaveBroken(error)) this.#drop(held);
      throw error;
    });
  }

  /** Called once by each user. The connection is given back with the last of them. */
  close(): void {
    if (sessions.release(this.#database.identity) === undefined) return;
    this.#ended = true;
    this.#drop(this.#held);
    slowCalls(this.#database).close();
  }

  /** Runs a query. Resolves with its rows, and with the epoch of the connection that they were read through. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options: ReadOptions): Promise<EpochRows<R>> {
    return this.read((session) => session.rows<R>(sql, params, { timeoutMs: options.statementTimeoutMs }), options);
  }

  /** Runs `work` on the connection. Resolves with what it read, and with the epoch of that connection. */
  async read<R>(work: (session: Executor) => Promise<R[]>, options: ReadOptions): Promise<EpochRows<R>> {
    // A SQLite handle has no connection to lend for long. It reads through a second handle of its own anyway.
    if (this.#database.dialect.name === "sqlite") return { rows: await work(this.#database), epoch: this.#epoch };
    // Nobody would give back a connection that is taken now.
    if (this.#ended) throw new Error("a shared session is read by its users only");
    this.#held ??= this.#open(options);
    const held = this.#held;
    const epoch = this.#epoch;
    try {
      return { rows: await work(held.session ?? (await held.opened)), epoch };
    } catch (error) {
      if (mayHaveBroken(error)) this.#drop(held);
      throw error;
    }
  }

  #open(options: ReadOptions): BorrowedSession {
    this.#epoch++;
    const borrowed = new BorrowedSession(this.#database, options);
    borrowed.opened.catch(() => this.#drop(borrowed));
    return borrowed;
  }

  #drop(held: BorrowedSession | undefined): void {
    if (held === undefined || this.#held !== held) return;
    this.#held = undefined;
    held.giveBack();
  }
}
