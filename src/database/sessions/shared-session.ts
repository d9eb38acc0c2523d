import type { Database, Executor, SqlParam } from "../database.ts";
import { BorrowedSession, mayHaveBroken } from "./borrowed-session.ts";

export interface ReadOptions {
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export interface EpochRows<R> {
  readonly rows: R[];
  readonly epoch: number;
}

const sessions = new WeakMap<object, SharedSession>();

/** The session that all streams of this database read through. Close it when done. */
export function shareSession(database: Database): SharedSession {
  let session = sessions.get(database.identity);
  if (session === undefined) {
    session = new SharedSession(database);
    sessions.set(database.identity, session);
  }
  session.use();
  return session;
}

/**
 * One connection of the pool for all streams of a database, so that a hundred of them don't empty the pool. It is taken
 * at the first read and given up with the last user. After an error that may have broken it, the next read takes another.
 */
export class SharedSession {
  readonly #database: Database;
  #users = 0;
  #epoch = 0;
  #held: BorrowedSession | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Grows with each connection taken. What was read in an earlier epoch may have been undone since: a server that crashed
   * can lose what it had shown.
   */
  get epoch(): number {
    return this.#epoch;
  }

  /** Counts one more user, who calls {@link close} once. */
  use(): void {
    this.#users++;
  }

  close(): void {
    this.#users--;
    if (this.#users === 0) this.#drop(this.#held);
  }

  /** Rows, and the epoch of the connection that they came by. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options: ReadOptions): Promise<EpochRows<R>> {
    return this.read((session) => session.rows<R>(sql, params, { timeoutMs: options.statementTimeoutMs }), options);
  }

  /** What `work` reads, and the epoch of the connection that it reads through. */
  async read<R>(work: (session: Executor) => Promise<R[]>, options: ReadOptions): Promise<EpochRows<R>> {
    // A SQLite handle has no sessions to lend for long; it reads through a handle of its own anyway.
    if (this.#database.dialect.name === "sqlite") return { rows: await work(this.#database), epoch: this.#epoch };
    // A connection taken now would never be given back.
    if (this.#users === 0) throw new Error("a shared session is read by its users only");
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
