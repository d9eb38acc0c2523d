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
    checkCall(sql, params, options);
    return this.runChecked({ sql, params }, options);
  }

  async rows<R extends object>(
    sql: string,
    params: readonly SqlParam[],
    options: DatabaseCallOptions = {},
  ): Promise<R[]> {
    checkCall(sql, params, options);
    return this.rowsChecked<R>({ sql, params }, options);
  }

  async session<R>(use: (session: Session) => Promise<R>, options: SessionOptions = {}): Promise<R> {
    checkSession(use, options);
    return this.sessionChecked(use, options);
  }

  async transaction<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions = {}): Promise<R> {
    checkTransaction(use, options);
    return this.transactionChecked(use, options);
  }

  protected abstract runChecked(statement: Statement, options: DatabaseCallOptions): Promise<RunResult>;

  protected abstract rowsChecked<R extends object>(statement: Statement, options: DatabaseCallOptions): Promise<R[]>;

  protected abstract sessionChecked<R>(use: (session: Session) => Promise<R>, options: SessionOptions): Promise<R>;

  protected abstract transactionChecked<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions): Promise<R>;
}
