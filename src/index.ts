export type { MariadbPool } from "./database/adapters/mariadb.ts";
export type { Mysql2CallbackPool, Mysql2Pool } from "./database/adapters/mysql2.ts";
export type { SqliteHandle } from "./database/adapters/sqlite-handle.ts";
export type { SqliteTransaction } from "./database/adapters/sqlite-transaction.ts";
export type {
  Database,
  DatabaseCallOptions,
  Executor,
  IsolationLevel,
  RunResult,
  Session,
  SessionOptions,
  SqlParam,
  TransactionOptions,
} from "./database/database.ts";
export type { Dialect, TimeStorage } from "./database/dialect.ts";
export type { ConnectionHandle, DatabaseHandle, ExecutorHandle, TxOf } from "./database/handles.ts";
export { toDatabase } from "./database/recognise.ts";
export { transaction } from "./database/transaction.ts";
export type {
  ConsumeContext,
  Consumer,
  ConsumerOptions,
  ConsumerStatus,
  CreatedConsumer,
  LagAlert,
} from "./reflex/consumer.ts";
export { createConsumer } from "./reflex/consumer.ts";
export type { ConsumerError, ErrorInsertFunc, ErrorToRecord } from "./reflex/consumer-error.ts";
export { ErrorStatus } from "./reflex/consumer-error.ts";
export type { CursorStore, FlushOptions, SetCursorOptions } from "./reflex/cursor-store.ts";
export type { MistakeCode, ReflexErrorCode, ReflexErrorDetails, ReflexErrorOptions } from "./reflex/errors.ts";
export { isReflexError, ReflexError } from "./reflex/errors.ts";
export type { ReflexEvent } from "./reflex/event.ts";
export { foreignIdInt } from "./reflex/event.ts";
export type {
  ConsumeReport,
  ErrorReport,
  FlushReport,
  GapReport,
  Logger,
  Observer,
  PageReport,
  PollReport,
  StallReason,
  StallReport,
} from "./reflex/observer.ts";
export type { RunOptions } from "./reflex/run.ts";
export { isExpected, run } from "./reflex/run.ts";
export type { RunForeverOptions } from "./reflex/run-forever.ts";
export { runForever } from "./reflex/run-forever.ts";
export type { Spec } from "./reflex/spec.ts";
export type { EventStream, StreamFunc, StreamOptions } from "./reflex/stream.ts";
export { disableCache } from "./tables/cache.ts";
export type { CursorType } from "./tables/cursor-type.ts";
export { castCursor } from "./tables/cursor-type.ts";
export { CursorsTable } from "./tables/cursors-table.ts";
export type { CursorsTableOptions } from "./tables/cursors-table-options.ts";
export { isDuplicateErrorInsertion } from "./tables/error-duplicate.ts";
export type { RetryAllOptions, RetryAllResult, RetryErrorOptions, RetryFailure } from "./tables/error-retry.ts";
export type { ListErrorsOptions } from "./tables/errors-table.ts";
export { ErrorsTable } from "./tables/errors-table.ts";
export type {
  ErrorEventInserter,
  ErrorEventType,
  ErrorInserter,
  ErrorsTableOptions,
} from "./tables/errors-table-options.ts";
export { goErrorColumns } from "./tables/errors-table-options.ts";
export type { EventsInserter, EventToStore } from "./tables/event-insert.ts";
export type { EventsLoader, LoadRequest } from "./tables/event-loader.ts";
export { EventsTable } from "./tables/events-table.ts";
export type { NewEvent } from "./tables/events-table-base.ts";
export { EventsTableInt } from "./tables/events-table-int.ts";
export type { EventsTableOptions } from "./tables/events-table-options.ts";
export { fillGaps, stopFillingGaps } from "./tables/fill-gaps.ts";
export type { Gap, GapListener } from "./tables/gap-control.ts";
export type { GapOptions } from "./tables/gap-options.ts";
export type { EventParts } from "./tables/make-event.ts";
export { makeEvent } from "./tables/make-event.ts";
export type { EventsNotifier, StreamWatcher } from "./tables/notifier.ts";
export { inMemoryNotifier } from "./tables/notifier.ts";
export type { Notify } from "./tables/notify.ts";
export type { ErrorsTableSchemaOptions } from "./tables/schema/errors-table-schema.ts";
export { errorsTableSchema } from "./tables/schema/errors-table-schema.ts";
export type { SchemaSource, TableSchema } from "./tables/schema/table-schema.ts";
export { createTables, schemaSql } from "./tables/schema/table-schema.ts";
export type { SocketNotifier, SocketNotifierOptions } from "./tables/socket-notifier.ts";
export { socketNotifier } from "./tables/socket-notifier.ts";
export type { TableStreamOptions } from "./tables/stream/stream-options.ts";
export { isRetryable } from "./tables/table-error.ts";
export type { WakeOptions } from "./tables/wake-options.ts";
export type { CallOptions } from "./waiting/time-limit.ts";
