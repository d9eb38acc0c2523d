export type {
  Database,
  DatabaseCallOptions,
  Executor,
  IsolationLevel,
  PoolState,
  RunResult,
  Session,
  SessionOptions,
  SqlParam,
  TransactionOptions,
} from "./database/database.ts";
export type { Dialect, TimeStorage } from "./database/dialect.ts";
export type { MariadbPool } from "./database/drivers/mariadb.ts";
export type { Mysql2CallbackPool, Mysql2Pool } from "./database/drivers/mysql2.ts";
export type { ConnectionHandle, DatabaseHandle, ExecutorHandle, TxOf } from "./database/handles/handles.ts";
export { toDatabase } from "./database/handles/recognise.ts";
export { transaction } from "./database/handles/transaction.ts";
export type { SqliteHandle } from "./database/sqlite/sqlite-handle.ts";
export type { SqliteTransaction } from "./database/sqlite/sqlite-transaction.ts";
export { isRetryable } from "./database/table-error.ts";
export type { MistakeCode, ReflexErrorCode, ReflexErrorDetails, ReflexErrorOptions } from "./errors/reflex-error.ts";
export { isReflexError, ReflexError } from "./errors/reflex-error.ts";
export type {
  ConsumeContext,
  Consumer,
  ConsumerOptions,
  CreatedConsumer,
} from "./reflex/consumer.ts";
export { createConsumer } from "./reflex/consumer.ts";
export type { ConsumerError, ErrorInsertFunc, ErrorToRecord } from "./reflex/consumer-error.ts";
export { ErrorStatus } from "./reflex/consumer-error.ts";
export type { ConsumerStatus, LagAlert } from "./reflex/consumer-status.ts";
export type {
  CursorAnswer,
  CursorControl,
  CursorRequest,
  CursorRequestKind,
  CursorRequests,
  CursorState,
  CursorWatch,
} from "./reflex/cursor-requests.ts";
export type { CursorStore, FlushOptions, SetCursorOptions } from "./reflex/cursor-store.ts";
export type { ReflexEvent } from "./reflex/event.ts";
export { foreignIdInt } from "./reflex/event.ts";
export { positionOf } from "./reflex/event-position.ts";
export type {
  ConsumeReport,
  CursorChangeReport,
  ErrorReport,
  FlushReport,
  GapReport,
  HoldReport,
  Logger,
  Observer,
  PageReport,
  PollReport,
  StallReport,
  Told,
} from "./reflex/observer.ts";
export type { PoolNeed, PoolUse } from "./reflex/pool-use.ts";
export type { RunOptions } from "./reflex/run.ts";
export { isExpected, run } from "./reflex/run.ts";
export type { RunForeverOptions } from "./reflex/run-forever.ts";
export { runForever } from "./reflex/run-forever.ts";
export type { LastError, Running, RunState, RunStatus } from "./reflex/run-status.ts";
export type { Spec } from "./reflex/spec.ts";
export type { EventStream, StreamFunc, StreamOptions } from "./reflex/stream.ts";
export type { Blocker, Diagnosable, StallReason, ToldWait, WaitCause } from "./reflex/wait-cause.ts";
export type { CursorInfo } from "./tables/cursors/cursor-list.ts";
export type { CursorType } from "./tables/cursors/cursor-type.ts";
export { castCursor } from "./tables/cursors/cursor-type.ts";
export type {
  CursorPlaces,
  CursorTarget,
  FoundPlace,
  ResetOptions,
  SkipOptions,
} from "./tables/cursors/cursor-wishes.ts";
export type { ListChangesOptions } from "./tables/cursors/cursors-table.ts";
export { CursorsTable } from "./tables/cursors/cursors-table.ts";
export type { CursorsTableOptions } from "./tables/cursors/cursors-table-options.ts";
export { isDuplicateErrorInsertion } from "./tables/errors/error-recorder.ts";
export type { RetryAllOptions, RetryAllResult, RetryErrorOptions, RetryFailure } from "./tables/errors/error-retry.ts";
export type { ListErrorsOptions } from "./tables/errors/errors-table.ts";
export { ErrorsTable } from "./tables/errors/errors-table.ts";
export type {
  ErrorEventInserter,
  ErrorEventType,
  ErrorInserter,
  ErrorsTableOptions,
} from "./tables/errors/errors-table-options.ts";
export { goErrorColumns } from "./tables/errors/errors-table-options.ts";
export type { ErrorsTableSchemaOptions } from "./tables/errors/errors-table-schema.ts";
export { errorsTableSchema } from "./tables/errors/errors-table-schema.ts";
export type { EventsTableOptions } from "./tables/events/events-table-options.ts";
export type { GapOptions, PrimaryFunction } from "./tables/events/gap-options.ts";
export type { EventsInserter, EventsLoader, EventToStore, LoadRequest } from "./tables/events/loader-and-inserter.ts";
export type { EventParts } from "./tables/events/make-event.ts";
export { makeEvent } from "./tables/events/make-event.ts";
export type { Notify } from "./tables/events/notify.ts";
export type { Lag } from "./tables/events/table-head.ts";
export type { WakeOptions } from "./tables/events/wake-options.ts";
export { EventsTable } from "./tables/events-table.ts";
export type { NewEvent } from "./tables/events-table-base.ts";
export { EventsTableInt } from "./tables/events-table-int.ts";
export { fillGaps, stopFillingGaps } from "./tables/gaps/fill-gaps.ts";
export type { Gap, GapListener } from "./tables/gaps/gap-control.ts";
export { setEventMemoryMiB } from "./tables/pages/set-event-memory.ts";
export type { CursorChangeRecord } from "./tables/requests/cursor-changes.ts";
export type { CursorChange, ForcedRequestOptions, RequestOptions } from "./tables/requests/request-options.ts";
export type { CreateTablesOptions, SchemaSource, SchemaSqlOptions, TableSchema } from "./tables/schema/table-schema.ts";
export { createTables, schemaSql } from "./tables/schema/table-schema.ts";
export type { CursorPlace } from "./tables/stream/cursor-at.ts";
export { disableCache } from "./tables/stream/disable-cache.ts";
export type { TableStreamOptions } from "./tables/stream/stream-options.ts";
export type { EventsNotifier, StreamWatcher } from "./tables/wake/notifier.ts";
export { inMemoryNotifier } from "./tables/wake/notifier.ts";
export type { SocketNotifier, SocketNotifierOptions } from "./tables/wake/socket/socket-notifier.ts";
export { socketNotifier } from "./tables/wake/socket/socket-notifier.ts";
export type { CallOptions } from "./waiting/time-limit.ts";
