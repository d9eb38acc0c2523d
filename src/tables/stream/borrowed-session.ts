import type { Database, IsolationLevel, Session } from "../../database/database.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { isReflexError } from "../../reflex/errors.ts";

export interface BorrowOptions {
  readonly isolation?: IsolationLevel;
  /** Statements that set the session up. */
  readonly setUp?: readonly string[];
  readonly acquireTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
}

/** A session that is kept until it is released. */
export interface BorrowedSession {
  readonly session: Session;
  release(): void;
}

/** Takes a session of the database, to keep. */
export function borrowSession(database: Database, options: BorrowOptions): Promise<BorrowedSession> {
  const { isolation, setUp = [], acquireTimeoutMs, statementTimeoutMs: timeoutMs } = options;
  return new Promise<BorrowedSession>((resolve, reject) => {
    const hold = async (session: Session): Promise<void> => {
      for (const statement of setUp) await session.control(statement, { timeoutMs });
      await new Promise<void>((release) => {
        resolve({ session, release });
      });
    };
    database.session(hold, { isolation, timeoutMs, acquireTimeoutMs }).catch(reject);
  });
}

/** Whether the connection on which this error occurred is not to be used again. */
export function mayHaveBroken(error: unknown): boolean {
  if (isReflexError(error, "time_limit")) return true;
  const meaning = meaningOf(error);
  return meaning === "connection_lost" || meaning === "connection_closed" || meaning === "unreachable";
}
