import type { Database, Session } from "../../../src/database/database.ts";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { toDatabase } from "../../../src/database/handles/recognise.ts";

/** A statement that the library sends. */
export interface WatchedStatement {
  /** Whether it writes, or is a query. */
  readonly kind: "run" | "rows";
  readonly sql: string;
}

/** What happens in place of a statement; `send` sends it. */
export type AroundStatement = <Result>(statement: WatchedStatement, send: () => Promise<Result>) => Promise<Result>;

/**
 * The database of a handle, shared with no one, whose statements go through `around`: all but those of transactions, and those
 * that set a session up.
 */
export function watchedDatabase(handle: DatabaseHandle, around: AroundStatement): Database {
  const real = toDatabase(handle);
  const watched = (part: Pick<Session, "run" | "rows">): Pick<Session, "run" | "rows"> => ({
    run: (sql, ...rest) => around({ kind: "run", sql }, () => part.run(sql, ...rest)),
    rows: <R extends object>(sql: string, ...rest: [Parameters<Session["rows"]>[1], Parameters<Session["rows"]>[2]?]) =>
      around({ kind: "rows", sql }, () => part.rows<R>(sql, ...rest)),
  });
  return {
    ...watched(real),
    identity: {},
    dialect: real.dialect,
    poolSize: real.poolSize,
    session: (use, options) =>
      real.session((session) => {
        const control = <R extends object>(text: string, own?: Parameters<Session["control"]>[1]): Promise<R[]> => {
          const send = (): Promise<R[]> => session.control<R>(text, own);
          return text.startsWith("select") ? around({ kind: "rows", sql: text }, send) : send();
        };
        return use({ ...watched(session), control });
      }, options),
    transaction: (use, options) => real.transaction(use, options),
  };
}
