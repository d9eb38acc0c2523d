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

  async run(sql: string, params: readonly SqlParam[], options: DatabaseCallOptions = {}): Promise<RunResult> {
    const checked = checkCall(sql, params, options);
    return this.runChecked({ sql, params }, checked);
  }

  async rows<R extends object>(
    sql: string,
    params: readonly SqlParam[],
    options: DatabaseCallOptions = {},
  ): Promise<R[]> {
    const checked = checkCall(sql, params, options);
    return this.rowsChecked<R>({ sql, params }, checked);
  }

  async session<R>(use: (session: Session) => Promise<R>, options: SessionOptions = {}): Promise<R> {
    const checked = checkSession(use, options);
    return this.sessionChecked(use, checked);
  }

  async transaction<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions = {}): Promise<R> {
    const checked = checkTransaction(use, options);
    return this.transactionChecked(use, checked);
  }

  protected abstract runChecked(statement: Statement, options: DatabaseCallOptions): Promise<RunResult>;

  protected abstract rowsChecked<R extends object>(statement: Statement, options: DatabaseCallOptions): Promise<R[]>;

  protected abstract sessionChecked<R>(use: (session: Session) => Promise<R>, options: SessionOptions): Promise<R>;

  protected abstract transactionChecked<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions): Promise<R>;
}
