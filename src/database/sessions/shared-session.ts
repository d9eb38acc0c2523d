import { CountedRegistry } from "../../waiting/counted-registry.ts";
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

const sessions = new CountedRegistry<object, SharedSession>();

/** The session that all streams of this database read through, for one user more. Each closes it once when done. */
export function shareSession(database: Database): SharedSession {
  return sessions.acquire(database.identity, () => new SharedSession(database));
}

/**
 * One connection of the pool for all streams of a database, so that a hundred of them don't empty the pool. It is taken
 * at the first read and given up with the last user. After an error that may have broken it, the next read takes another.
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
   * Grows with each connection taken. What was read in an earlier epoch may have been undone since: a server that crashed
   * can lose what it had shown.
   */
  get epoch(): number {
    return this.#epoch;
  }

  /** Called once by each user. The connection is given up with the last of them. */
  close(): void {
    if (sessions.release(this.#database.identity) === undefined) return;
    this.#ended = true;
    this.#drop(this.#held);
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
