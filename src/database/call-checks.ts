import { typeMistake } from "../errors/reflex-error.ts";
import { show } from "../errors/show.ts";
import { aBoolean, aDuration, aSignal, checkOptions, type OptionChecks, oneOf } from "../options/check-options.ts";
import type { CallOptions } from "../waiting/time-limit.ts";
import type { DatabaseCallOptions, SessionOptions, TransactionOptions } from "./database.ts";
import { checkParams } from "./sql-param.ts";

const statementChecks: OptionChecks<CallOptions> = { signal: aSignal, timeoutMs: aDuration };
const databaseCallChecks: OptionChecks<DatabaseCallOptions> = { ...statementChecks, acquireTimeoutMs: aDuration };
// The level becomes part of an SQL text, so that the word of TypeScript's types is not enough.
const anIsolation = oneOf("read uncommitted", "read committed", "repeatable read", "serializable");
const sessionChecks: OptionChecks<SessionOptions> = { isolation: anIsolation, ...databaseCallChecks };
const transactionChecks: OptionChecks<TransactionOptions> = { ...sessionChecks, readOnly: aBoolean };

/** @throws TypeError or RangeError `invalid_argument` or `invalid_option` */
export function checkSession(use: unknown, options: SessionOptions): SessionOptions {
  if (typeof use !== "function") {
    throw typeMistake("invalid_argument", `session() needs a function of a session, found ${show(use)}`);
  }
  return checkOptions("a session", options, sessionChecks);
}

/** @throws TypeError or RangeError `invalid_argument` or `invalid_option` */
export function checkTransaction(use: unknown, options: TransactionOptions): TransactionOptions {
  checkTransactionUse(use);
  return checkOptions("transaction()", options, transactionChecks);
}

/** @throws TypeError `invalid_argument` */
export function checkTransactionUse(use: unknown): void {
  if (typeof use === "function") return;
  throw typeMistake("invalid_argument", `transaction() needs a function of a transaction, found ${show(use)}`);
}

/**
 * Checks a statement for which a connection has yet to be found.
 * @throws TypeError or RangeError `invalid_argument` or `invalid_option`
 */
export function checkCall(sql: unknown, params: unknown, options: DatabaseCallOptions): DatabaseCallOptions {
  checkText(sql);
  checkParams(params);
  return checkOptions("a statement", options, databaseCallChecks);
}

/**
 * Checks a statement on a connection; its parameters are checked where they are bound. Streams come here with each
 * read, so that the check of what is right must cost next to nothing.
 * @throws TypeError or RangeError `invalid_argument` or `invalid_option`
 */
export function checkStatement(sql: unknown, options: CallOptions): CallOptions {
  checkText(sql);
  return rightOptions(options) ?? checkOptions("a statement", options, statementChecks);
}

function checkText(sql: unknown): void {
  if (typeof sql === "string" && sql !== "") return;
  throw typeMistake("invalid_argument", `expected an SQL statement as text, found ${show(sql)}`);
}

/** A copy of the options, if they are right. Each option is read once: a getter might give another value next. */
function rightOptions(options: CallOptions): CallOptions | undefined {
  if (options === null || Object.getPrototypeOf(options) !== Object.prototype) return undefined;
  for (const name in options) if (name !== "signal" && name !== "timeoutMs") return undefined;
  const { signal, timeoutMs } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) return undefined;
  return signal === undefined || signal instanceof AbortSignal ? { signal, timeoutMs } : undefined;
}
