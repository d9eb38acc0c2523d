import { rejecting } from "../waiting/rejecting.ts";
import { checkCall, checkSession, checkTransaction } from "./call-checks.ts";
import type {
  Database,
  DatabaseCallOptions,
  RunResult,
  Session,
  SessionOptions,
  SqlParam,
  Statement,
  TransactionOptions,
} from "./database.ts";
import type { Dialect } from "./dialect.ts";

/**
 * A {@link Database} that checks the arguments of each call before it does anything. A wrong argument rejects, and
 * throws nothing.
 */
export abstract class CheckedDatabase<Tx> implements Database<Tx> {
  abstract readonly identity: object;
  abstract readonly dialect: Dialect;

  run(sql: string, params: readonly SqlParam[], options: DatabaseCallOptions = {}): Promise<RunResult> {
    return rejecting(() => {
      const checked = checkCall(sql, params, options);
      return this.runChecked({ sql, params }, checked);
    });
  }

  rows<R extends object>(sql: string, params: readonly SqlParam[], options: DatabaseCallOptions = {}): Promise<R[]> {
    return rejecting(() => {
      const checked = checkCall(sql, params, options);
      return this.rowsChecked<R>({ sql, params }, checked);
    });
  }

  session<R>(use: (session: Session) => Promise<R>, options: SessionOptions = {}): Promise<R> {
    return rejecting(() => {
      const checked = checkSession(use, options);
      return this.sessionChecked(use, checked);
    });
  }

  transaction<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions = {}): Promise<R> {
    return rejecting(() => {
      const checked = checkTransaction(use, options);
      return this.transactionChecked(use, checked);
    });
  }

  protected abstract runChecked(statement: Statement, options: DatabaseCallOptions): Promise<RunResult>;

  protected abstract rowsChecked<R extends object>(statement: Statement, options: DatabaseCallOptions): Promise<R[]>;

  protected abstract sessionChecked<R>(use: (session: Session) => Promise<R>, options: SessionOptions): Promise<R>;

  protected abstract transactionChecked<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions): Promise<R>;
}
