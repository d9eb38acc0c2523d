import type { Executor } from "../../database/database.ts";
import { aDuration, aFunction, aLogger, checkOptions, type OptionChecks } from "../../options/check-options.ts";
import type { ErrorStatus, ErrorToRecord } from "../../reflex/consumer-error.ts";
import type { Logger, Observer } from "../../reflex/observer.ts";
import { anObserver } from "../../reflex/observer-check.ts";
import {
  type ErrorFields,
  type ErrorsTableSchemaOptions,
  errorsTableSchemaChecks,
  toErrorsTableNames,
} from "./errors-table-schema.ts";

/** The types of the events of errors: every status but `Unknown`, since type 0 is a noop. */
export type ErrorEventType = Exclude<ErrorStatus, 0>;

/**
 * Inserts an error into its table through `tx`, which runs SQL inside the transaction. Resolves with the error's id.
 * When it is called again for the same consumer and event, it must give the same id, or throw the driver's
 * duplicate-key error.
 */
export type ErrorInserter = (tx: Executor, error: ErrorToRecord & { readonly status: ErrorStatus }) => Promise<string>;

/**
 * Inserts the event of an error through `tx`, inside the transaction that inserted the error.
 * `EventsTable.insertWithMetadata` has this shape. What it resolves with is called after the commit.
 */
// oxlint-disable-next-line max-params -- the signature of Go's rsql
export type ErrorEventInserter = (
  tx: Executor,
  /** The error's id. */
  foreignId: string,
  type: ErrorEventType,
  /** The consumer's name. */
  metadata: string,
  // oxlint-disable-next-line typescript/no-invalid-void-type -- for inserters that wake no one
) => Promise<(() => void) | void>;

/** The columns of an errors table, and how errors and their events get into it. */
export interface ErrorsTableOptions<RecordOnly extends boolean = boolean> extends ErrorsTableSchemaOptions {
  /** Inserts errors in place of the default statement, for example into more columns. @defaultValue none */
  inserter?: ErrorInserter | undefined;
  /** Inserts the events of errors. @defaultValue inserts them into {@link ErrorsTable.events} */
  eventInserter?: ErrorEventInserter | undefined;
  /** Records errors without events: they can't be streamed, and no events table is needed. @defaultValue false */
  recordOnly?: RecordOnly | undefined;
  /**
   * Called after each record that was committed, so that a program can count them. What it throws is reported, and
   * stops nothing.
   */
  onErrorRecorded?: ((consumer: string) => void) | undefined;
  /** The longest to wait for a connection of the pool, in ms. @defaultValue 10 000 */
  acquireTimeoutMs?: number | undefined;
  /** The longest that one statement may take, in ms. @defaultValue 60 000 */
  statementTimeoutMs?: number | undefined;
  /**
   * Told of errors that no caller waits for (`error`), and of what streams of the table's events do. @defaultValue
   * none; such errors go to `logger`
   */
  observer?: Observer | undefined;
  /** Takes warnings of errors and stalls for which the observer has no function. @defaultValue `process.emitWarning` */
  logger?: Logger | undefined;
}

/**
 * The columns in which tables of errors and their events, as made for Go's reflex, differ from the defaults here. If the time column of
 * yours is `datetime(6)`, give `eventsTimeColumn` again after them.
 * @example
 * const errors = new ErrorsTable({ ...goErrorColumns });
 */
export const goErrorColumns: {
  /** The column of what was thrown. */
  readonly messageField: "error_msg";
  /** The column of the status. */
  readonly statusField: "error_status";
  /** The type of the time column of the table of the errors' events, as the DDL of Go's examples has it. */
  readonly eventsTimeColumn: "datetime";
} = {
  messageField: "error_msg",
  statusField: "error_status",
  eventsTimeColumn: "datetime",
};

const checks: OptionChecks<ErrorsTableOptions> = {
  ...errorsTableSchemaChecks,
  inserter: aFunction,
  eventInserter: aFunction,
  onErrorRecorded: aFunction,
  acquireTimeoutMs: aDuration,
  statementTimeoutMs: aDuration,
  observer: anObserver,
  logger: aLogger,
};

/** An errors table's options with every default filled in. */
export interface ErrorsTableConfig {
  readonly table: string;
  readonly fields: ErrorFields;
  readonly inserter: ErrorInserter | undefined;
  /** Inserts the events; undefined if there are to be none. */
  readonly eventInserter: ErrorEventInserter | undefined;
  readonly onErrorRecorded: ((consumer: string) => void) | undefined;
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkErrorsTableOptions<RecordOnly extends boolean>(
  options: ErrorsTableOptions<RecordOnly>,
): ErrorsTableOptions<RecordOnly> {
  return checkOptions("ErrorsTable", options, checks as OptionChecks<ErrorsTableOptions<RecordOnly>>);
}

/**
 * Fills in the defaults of options that were checked.
 * @throws TypeError `invalid_identifier`
 */
export function toErrorsTableConfig(options: ErrorsTableOptions): ErrorsTableConfig {
  const { tableName, fields } = toErrorsTableNames(options);
  return {
    table: tableName,
    fields,
    inserter: options.inserter,
    eventInserter: options.eventInserter,
    onErrorRecorded: options.onErrorRecorded,
    acquireTimeoutMs: options.acquireTimeoutMs,
    statementTimeoutMs: options.statementTimeoutMs,
  };
}

/** The options that say how the table is made. */
export function toErrorsSchemaOptions(options: ErrorsTableOptions): ErrorsTableSchemaOptions {
  const names = Object.keys(errorsTableSchemaChecks) as (keyof ErrorsTableSchemaOptions)[];
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}
