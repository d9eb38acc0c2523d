import { rejecting } from "../../waiting/rejecting.ts";
import { type CallOptions, Endings, withTimeLimit } from "../../waiting/time-limit.ts";
import { checkStatement } from "../call-checks.ts";
import type { CallsUnderWay } from "../calls-under-way.ts";
import { defaultStatementTimeoutMs, type RunResult, type Session, type SqlParam } from "../database.ts";
import { isServersAnswer } from "../sql-errors.ts";
import { withoutValues } from "../statement-text.ts";
import type { DriverConnection } from "./driver.ts";

// How much of a statement stands in the message of a time limit.
const MOST_SHOWN = 60;

/**
 * Runs statements on one connection, each under a time limit and a signal. When one of these ends a statement, the
 * connection is closed: what the server does with the statement is unknown, and no transaction that may hold it must be
 * committed.
 */
export class ConnectionExecutor<Tx> implements Session {
  readonly connection: DriverConnection<Tx>;
  readonly #waits = new Endings();
  readonly #onGivenUp = (): void => this.destroy();
  readonly #onFailed = (error: unknown): void => {
    // What the server has not answered may have broken the connection.
    if (!isServersAnswer(error)) this.#suspect = true;
  };
  #calls: CallsUnderWay | undefined;
  #closed = false;
  #suspect = false;

  constructor(connection: DriverConnection<Tx>) {
    this.connection = connection;
  }

  /** Has its statements noted in `calls` while they are under way. */
  noteIn(calls: CallsUnderWay): void {
    this.#calls = calls;
  }

  get threadId(): number | undefined {
    return this.connection.threadId;
  }

  get bytesReceived(): number | undefined {
    return this.connection.bytesReceived;
  }

  /** Whether a limit or a signal has closed the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  run(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<RunResult> {
    return this.#bounded(() => this.connection.run(sql, params), sql, options);
  }

  rows<R extends object>(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<R[]> {
    return this.#bounded(() => this.connection.rows(sql, params) as Promise<R[]>, sql, options);
  }

  /** Runs a constant text, such as COMMIT. */
  control<R extends object>(text: string, options?: CallOptions): Promise<R[]> {
    return this.#bounded(() => this.connection.control(text) as Promise<R[]>, text, options);
  }

  /** Closes the connection, with a goodbye to the server if it is in good state and no statement is under way. */
  end(): void {
    if (this.#closed) return;
    if (this.#suspect || this.#waits.size > 0) return this.destroy();
    this.#closed = true;
    this.connection.hangUp();
  }

  /** Closes the connection at once, under a statement too. */
  destroy(why = "the connection was closed while a statement ran"): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.destroy();
    // mysql2 settles no call of a destroyed connection. Without this, each would wait for its limit, and keep the
    // process alive meanwhile.
    this.#waits.giveUpAll(() => Object.assign(new Error(why), { code: "PROTOCOL_CONNECTION_LOST" }));
  }

  #bounded<R>(work: () => Promise<R>, sql: string, options: CallOptions = {}): Promise<R> {
    return rejecting(() => {
      const checked = checkStatement(sql, options);
      checked.signal?.throwIfAborted();
      const calls = this.#calls;
      if (calls === undefined) return this.#limited(work(), sql, checked);
      const call = calls.begin(this);
      return this.#limited(work(), sql, checked).finally(() => calls.end(call));
    });
  }

  #limited<R>(work: Promise<R>, sql: string, { signal, timeoutMs }: CallOptions): Promise<R> {
    return withTimeLimit(work, {
      signal,
      timeoutMs: timeoutMs ?? defaultStatementTimeoutMs,
      what: () => `the server's answer to "${withoutValues(sql.slice(0, MOST_SHOWN))}"`,
      remedy: "its connection was closed; raise statementTimeoutMs if statements may take that long",
      onGivenUp: this.#onGivenUp,
      onFailed: this.#onFailed,
      endings: this.#waits,
      frequent: true,
    });
  }
}
