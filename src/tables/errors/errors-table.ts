import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { aCount, aDuration, aSignal, checkOptions, type OptionChecks, oneOf } from "../../options/check-options.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import { aConsumerName } from "../../reflex/consumer.ts";
import {
  type ConsumerError,
  type ErrorInsertFunc,
  ErrorStatus,
  type ErrorToRecord,
} from "../../reflex/consumer-error.ts";
import { Reporting } from "../../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import { EventsTable } from "../events-table.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import { isDecimalId } from "./error-ids.ts";
import { ErrorRecorder } from "./error-recorder.ts";
import { ErrorRetry, type RetryAllOptions, type RetryAllResult, type RetryErrorOptions } from "./error-retry.ts";
import { ErrorStore, toConsumerError } from "./error-store.ts";
import {
  checkErrorsTableOptions,
  type ErrorEventType,
  type ErrorsTableConfig,
  type ErrorsTableOptions,
  toErrorsSchemaOptions,
  toErrorsTableConfig,
} from "./errors-table-options.ts";
import { errorsSchemaCheck, errorsTableSchema } from "./errors-table-schema.ts";

const { Unknown: _unknown, ...errorEventTypes } = ErrorStatus;

/** Which errors to list: one page of them. */
export interface ListErrorsOptions extends CallOptions {
  /** Only errors of this consumer. @defaultValue all */
  consumer?: string | undefined;
  /** Only errors of this status. @defaultValue all */
  status?: ErrorStatus | undefined;
  /** The id of the last error of the page before. @defaultValue "0", the beginning */
  after?: string | undefined;
  /** The most errors of the page. @defaultValue 100 */
  limit?: number | undefined;
}

const listChecks: OptionChecks<ListErrorsOptions> = {
  consumer: aConsumerName,
  status: oneOf(...Object.values(ErrorStatus)),
  after: (value) => (isDecimalId(value) ? undefined : 'the id of an error, such as "42"'),
  limit: aCount,
  signal: aSignal,
  timeoutMs: aDuration,
};

/** What works on the table in one database. */
interface ErrorsInDatabase {
  readonly store: ErrorStore;
  readonly recorder: ErrorRecorder;
  readonly retry: ErrorRetry;
}

/**
 * A table of the events that consumers could not handle. It has one row for each consumer and event, with the newest
 * message, a status, and how often the error was recorded.
 *
 * `createDeadLetterConsumer` of `reflex-rsql/patterns` fills it. {@link list} shows what is in it; {@link retry},
 * {@link retryAll} and {@link resolve} deal with that.
 * @example
 * const errors = new ErrorsTable();
 * const consumer = createDeadLetterConsumer(mailer, { errors: errors.toErrorInserter(pool) });
 * for (const error of await errors.list(pool, { status: ErrorStatus.Recorded })) console.log(error.message);
 * await errors.retryAll(pool, { consumer, events: orders, perSecond: 10 });
 */
export class ErrorsTable<RecordOnly extends boolean = false> {
  /** The table's name as it was given. */
  readonly name: string;
  /** How this table and the table of its events are made; for `createTables` and `schemaSql`. */
  readonly schema: TableSchema;
  /**
   * The table `<tableName>_events`, from which errors are streamed as they are recorded. The foreign id of such an
   * event is the error's id, its type is `ErrorStatus.Recorded`, its metadata is the consumer's name. The option
   * `eventsTimeColumn` names the type of its time column. Undefined with
   * the option `recordOnly`. No event is written when a retry succeeds, or by `resolve`.
   */
  readonly events: RecordOnly extends true ? undefined : EventsTable<ErrorEventType>;
  readonly #config: ErrorsTableConfig;
  readonly #reporting: Reporting;
  readonly #schemaCheck: SchemaCheck;
  readonly #databases = new WeakMap<object, ErrorsInDatabase>();

  /** @throws TypeError or RangeError `invalid_option` or `invalid_identifier`, naming the value. */
  constructor(options: ErrorsTableOptions<RecordOnly> = {}) {
    const checked = checkErrorsTableOptions(options);
    const config = toErrorsTableConfig(checked);
    const events = checked.recordOnly === true ? undefined : eventsTable(config, checked);
    const { eventInserter = events?.insertWithMetadata.bind(events) } = config;
    this.#config = { ...config, eventInserter: checked.recordOnly === true ? undefined : eventInserter };
    this.name = config.table;
    this.schema = errorsTableSchema(toErrorsSchemaOptions(checked));
    this.events = events as typeof this.events;
    this.#reporting = new Reporting([checked.observer], checked.logger);
    this.#schemaCheck = errorsSchemaCheck(this.#config.table, this.#config.fields);
  }

  /**
   * Gives a function that records an error, and resolves with the error's id once it is committed. The row and its
   * event are committed in one transaction, after which streams of {@link events} are woken. When an error is recorded
   * again for the same consumer and event, the row keeps its id, takes the newest message, and is open again. A message
   * is cut to what its column takes.
   *
   * The function throws ReflexError `wrong_schema`, `consumer_name_collision`, `invalid_int_id`, `time_limit`,
   * `commit_outcome_unknown` (the error may be recorded: record it again) or `database_error`.
   */
  toErrorInserter(db: DatabaseHandle): ErrorInsertFunc {
    const { recorder } = this.#in(db);
    return async (error: ErrorToRecord, options: CallOptions = {}) => {
      const { signal, timeoutMs } = checkCallOptions("an error inserter", options);
      signal?.throwIfAborted();
      const ending = new AbortController();
      return withTimeLimit(recorder.record(error, { signal: ending.signal, timeoutMs }), {
        signal,
        timeoutMs,
        what: `an error to be recorded in ${this.name}`,
        onGivenUp: () => ending.abort(),
      });
    };
  }

  /**
   * Lists errors in the order of their ids, one page of them. A row in which Go's dead-letter consumer has swapped the
   * consumer and the event's id is shown as it is meant; where its column of event ids holds numbers, the name is lost, and the
   * consumer is "".
   */
  async list(db: DatabaseHandle, options: ListErrorsOptions = {}): Promise<ConsumerError[]> {
    const checked = checkOptions<ListErrorsOptions>("list", options, listChecks);
    const { consumer, status, after = "0", limit = 100, ...callOptions } = checked;
    const statuses = status === undefined ? undefined : [status];
    const rows = await this.#in(db).store.list({ consumer, statuses, after, limit }, callOptions);
    return rows.map(toConsumerError);
  }

  /**
   * Marks an error as one that a person has dealt with. To mark it again is no failure.
   * @throws ReflexError `error_not_found`
   */
  async resolve(db: DatabaseHandle, id: string, options: CallOptions = {}): Promise<void> {
    const checked = checkCallOptions("resolve", options);
    await this.#in(db).store.resolve(id, checked);
  }

  /**
   * Has the consumer consume the error's event again, now, and marks the error as retried. Only `consume` is called,
   * neither `reset` nor `stop`. If someone else has recorded or resolved the error meanwhile, it stays as they left it.
   *
   * @throws ReflexError `consumer_failed` if the consumer fails again. The error is then recorded again, and stays
   * open.
   * @throws ReflexError `error_not_found`; `event_not_found` if the event was pruned; `error_settled` if the error was
   * retried or resolved before.
   * @throws RangeError `invalid_argument` if the error is another consumer's.
   * @throws the signal's reason if it is aborted before the consumer is done.
   */
  async retry<T extends number>(db: DatabaseHandle, id: string, options: RetryErrorOptions<T>): Promise<void> {
    await this.#in(db).retry.retry(id, options);
  }

  /**
   * Retries the open errors of a consumer, one at a time, in the order of their ids. One that fails again stays open,
   * and does not stop the others. A failure of the database does.
   *
   * @throws the signal's reason if it is aborted, after the error in hand. What was retried by then is marked as such.
   */
  async retryAll<T extends number>(db: DatabaseHandle, options: RetryAllOptions<T>): Promise<RetryAllResult> {
    return this.#in(db).retry.retryAll(options);
  }

  #in(db: DatabaseHandle): ErrorsInDatabase {
    const database = toDatabase(db);
    const known = this.#databases.get(database.identity);
    if (known !== undefined) return known;
    const store = new ErrorStore({ config: this.#config, database, schemaCheck: this.#schemaCheck });
    const recorder = new ErrorRecorder(store, this.#reporting);
    const made = { store, recorder, retry: new ErrorRetry(store, recorder) };
    this.#databases.set(database.identity, made);
    return made;
  }
}

function eventsTable(config: ErrorsTableConfig, options: ErrorsTableOptions): EventsTable<ErrorEventType> {
  return new EventsTable(`${config.table}_events`, {
    types: errorEventTypes,
    metadataField: "metadata",
    timeColumn: options.eventsTimeColumn,
    acquireTimeoutMs: config.acquireTimeoutMs,
    statementTimeoutMs: config.statementTimeoutMs,
    observer: options.observer,
    logger: options.logger,
  });
}
