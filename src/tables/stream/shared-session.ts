import type { Database, Executor, SqlParam } from "../../database/database.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { isReflexError } from "../../reflex/errors.ts";

export interface ReadOptions {
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

interface HeldSession {
  readonly executor: Executor;
  release(): void;
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
  #held: Promise<HeldSession> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Counts one more user, who calls {@link close} once. */
  use(): void {
    this.#users++;
  }

  close(): void {
    this.#users--;
    if (this.#users === 0) this.#drop(this.#held);
  }

  async rows<R extends object>(sql: string, params: readonly SqlParam[], options: ReadOptions): Promise<R[]> {
    const limits = { timeoutMs: options.statementTimeoutMs, acquireTimeoutMs: options.acquireTimeoutMs };
    // A SQLite handle has no sessions to lend for long; it reads through a handle of its own anyway.
    if (this.#database.dialect.name === "sqlite") return this.#database.rows<R>(sql, params, limits);
    this.#held ??= this.#open(limits);
    const held = this.#held;
    try {
      const { executor } = await held;
      return await executor.rows<R>(sql, params, { timeoutMs: options.statementTimeoutMs });
    } catch (error) {
      if (mayHaveBroken(error)) this.#drop(held);
      throw error;
    }
  }

  #open(limits: { timeoutMs: number | undefined; acquireTimeoutMs: number | undefined }): Promise<HeldSession> {
    const opened = new Promise<HeldSession>((resolve, reject) => {
      const hold = (executor: Executor): Promise<void> => new Promise((release) => resolve({ executor, release }));
      this.#database.session(hold, limits).catch(reject);
    });
    opened.catch(() => this.#drop(opened));
    return opened;
  }

  #drop(held: Promise<HeldSession> | undefined): void {
    if (held === undefined || this.#held !== held) return;
    this.#held = undefined;
    held.then(
      (session) => session.release(),
      () => undefined,
    );
  }
}

function mayHaveBroken(error: unknown): boolean {
  if (isReflexError(error, "time_limit")) return true;
  const meaning = meaningOf(error);
  return meaning === "connection_lost" || meaning === "connection_closed" || meaning === "unreachable";
}
