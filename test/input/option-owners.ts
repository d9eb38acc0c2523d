import {
  CursorsTable,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  EventsTableInt,
  errorsTableSchema,
  makeEvent,
  run,
  runForever,
  type Spec,
  socketNotifier,
  stopFillingGaps,
  transaction,
} from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import { cursorStoreContract, eventStreamContract, mockStream, startMariadb } from "reflex-rsql/testing";
import { unusedPool } from "./refusing-database.ts";
import type { Kind } from "./wrong-values.ts";

/** What takes options, and the kind of each. */
export interface OptionOwner {
  /** What it is called in messages. */
  readonly owner: string;
  /** The test's title, where the owner's name is not enough. */
  readonly title?: string;
  readonly kinds: Readonly<Record<string, Kind>>;
  /** Options that must be given besides the one that is wrong. */
  readonly required?: Readonly<Record<string, unknown>>;
  /** Gives it these options. Typed as it is for programs without types. */
  // oxlint-disable-next-line typescript/no-explicit-any -- wrong values are the point
  readonly use: (options: any) => unknown;
}

/** Whoever is asked for a connection by the owners. */
export const database: ReturnType<typeof unusedPool> = unusedPool();
const { pool } = database;
const events = new EventsTable("orders");
const cursors = new CursorsTable("cursors");
const errors = new ErrorsTable();
const consumer = createConsumer("mailer", () => undefined);
export const spec: Spec = { stream: events.toStream(pool), cursors: cursors.toStore(pool), consumer };
const error = { consumer: "mailer", eventId: "1", message: "no" };

const call = { signal: "special", timeoutMs: "duration" } as const;
const limits = { acquireTimeoutMs: "duration", statementTimeoutMs: "duration" } as const;
const told = { observer: "object", logger: "special" } as const;

const eventsTable = {
  ...limits,
  ...told,
  idField: "identifier",
  timeField: "identifier",
  typeField: "identifier",
  foreignIdField: "identifier",
  metadataField: "identifier",
  traceField: "identifier",
  trace: "function",
  types: "special",
  onUnknownType: "special",
  includeNoops: "boolean",
  backoffMs: "finiteDuration",
  notifier: "special",
  wake: "object",
  foreignIdColumn: "special",
  loader: "function",
  inserter: "function",
  gaps: "object",
  confirmMs: "finiteDuration",
  cache: "boolean",
  limit: "count",
  timeColumn: "special",
  storedZone: "special",
} as const;
const gaps = {
  primary: "special",
  probe: "special",
  graceMs: "finiteDuration",
  noopValues: "object",
  maxIds: "count",
} as const;
const anyStream = { lagMs: "finiteDuration", fromHead: "boolean", toHead: "boolean", signal: "special" } as const;
const stream = { ...anyStream, gaps: "object", onPruned: "special", firstId: "special" } as const;
const cursorsTable = {
  ...limits,
  ...told,
  idField: "identifier",
  cursorField: "identifier",
  timeField: "identifier",
  asyncPeriodMs: "finiteDuration",
  cursorType: "special",
  onSetCursor: "function",
  sleep: "function",
} as const;
const errorsSchema = {
  tableName: "tableName",
  idField: "identifier",
  eventIdField: "identifier",
  consumerField: "identifier",
  messageField: "identifier",
  createdAtField: "identifier",
  updatedAtField: "identifier",
  statusField: "identifier",
  attemptsField: "identifier",
  recordOnly: "boolean",
} as const;
const running = { ...told, signal: "special", shutdownMs: "duration", flushMs: "duration" } as const;
const backoff = { minBackoffMs: "finiteDuration", maxBackoffMs: "finiteDuration" } as const;
const retry = { consumer: "special", events: "special", signal: "special" } as const;

export const owners: readonly OptionOwner[] = [
  { owner: "table orders", kinds: eventsTable, use: (options) => new EventsTable("orders", options) },
  {
    owner: "table orders",
    title: "EventsTableInt",
    kinds: eventsTable,
    use: (options) => new EventsTableInt("orders", options),
  },
  { owner: "table orders", title: "clone", kinds: eventsTable, use: (options) => events.clone(options) },
  {
    owner: "table orders",
    title: "clone of an EventsTableInt",
    kinds: eventsTable,
    use: (options) => new EventsTableInt("orders").clone(options),
  },
  {
    owner: "option wake of table orders",
    kinds: { hotMs: "finiteDuration", idleMs: "finiteDuration", gtid: "boolean" },
    use: (wake) => new EventsTable("orders", { wake }),
  },
  {
    owner: "option gaps of table orders",
    kinds: gaps,
    use: (own) => new EventsTable("orders", { gaps: own }),
  },
  { owner: "option gaps of a stream", kinds: gaps, use: (own) => events.stream(pool, "", { gaps: own }) },
  { owner: "a stream", kinds: stream, use: (options) => events.stream(pool, "", options) },
  { owner: "a stream", title: "toStream", kinds: stream, use: (options) => events.toStream(pool, options) },
  {
    owner: "a stream",
    title: "what toStream gives",
    kinds: stream,
    use: (options) => events.toStream(pool)("", options),
  },
  { owner: "table cursors", kinds: cursorsTable, use: (options) => new CursorsTable("cursors", options) },
  { owner: "table cursors", title: "clone", kinds: cursorsTable, use: (options) => cursors.clone(options) },
  { owner: "table cursors", title: "toStore", kinds: cursorsTable, use: (options) => cursors.toStore(pool, options) },
  { owner: "getCursor", kinds: call, use: (options) => cursors.getCursor(pool, "mailer", options) },
  {
    owner: "getCursor",
    title: "getCursor of a store",
    kinds: call,
    use: (options) => spec.cursors.getCursor("mailer", options),
  },
  {
    owner: "setCursor",
    kinds: { ...call, event: "object" },
    use: (options) => spec.cursors.setCursor("mailer", "1", options),
  },
  { owner: "flush", kinds: { ...call, consumer: "text" }, use: (options) => cursors.flush(options) },
  {
    owner: "flush",
    title: "flush of a store",
    kinds: { ...call, consumer: "text" },
    use: (options) => spec.cursors.flush(options),
  },
  {
    owner: "ErrorsTable",
    kinds: {
      ...errorsSchema,
      ...limits,
      ...told,
      inserter: "function",
      eventInserter: "function",
      onErrorRecorded: "function",
    },
    use: (options) => new ErrorsTable(options),
  },
  { owner: "errorsTableSchema", kinds: errorsSchema, use: (options) => errorsTableSchema(options) },
  { owner: "an error inserter", kinds: call, use: (options) => errors.toErrorInserter(pool)(error, options) },
  {
    owner: "list",
    kinds: { ...call, consumer: "text", status: "status", after: "special", limit: "count" },
    use: (options) => errors.list(pool, options),
  },
  { owner: "resolve", kinds: call, use: (options) => errors.resolve(pool, "1", options) },
  { owner: "retry", kinds: retry, required: { consumer, events }, use: (options) => errors.retry(pool, "1", options) },
  {
    owner: "retryAll",
    kinds: { ...retry, limit: "count", perSecond: "positiveNumber" },
    required: { consumer, events },
    use: (options) => errors.retryAll(pool, options),
  },
  {
    owner: "createConsumer",
    kinds: {
      types: "special",
      filter: "function",
      recover: "function",
      reset: "function",
      stop: "function",
      lagAlertMs: "duration",
      onLagAlert: "function",
      activityTtlMs: "duration",
    },
    use: (options) => createConsumer("mailer", () => undefined, options),
  },
  { owner: "run", kinds: running, use: (options) => run(spec, options) },
  { owner: "runForever", kinds: { ...running, ...backoff }, use: (options) => runForever(spec, options) },
  {
    owner: "transaction()",
    kinds: { ...call, isolation: "special", readOnly: "boolean", acquireTimeoutMs: "duration" },
    use: (options) => transaction(pool, () => Promise.resolve(), options),
  },
  { owner: "createTables", kinds: call, use: (options) => createTables(pool, [events], options) },
  { owner: "stopFillingGaps", kinds: call, use: (options) => stopFillingGaps(events, options) },
  {
    owner: "socketNotifier()",
    kinds: { path: "text", port: "port", group: "special", channel: "oneLine", onError: "function" },
    use: (options) => socketNotifier(options),
  },
  {
    owner: "createDeadLetterConsumer",
    kinds: { ...told, ...backoff, errors: "function", retries: "countFromZero", onDeadLetter: "function" },
    required: { errors: () => Promise.resolve("1") },
    use: (options) => createDeadLetterConsumer(consumer, options),
  },
  {
    owner: "mockStream",
    kinds: { error: "anything", delayMs: "finiteDuration" },
    use: (options) => mockStream([], options),
  },
  {
    owner: "a stream",
    title: "what mockStream gives",
    kinds: anyStream,
    use: (options) => mockStream([makeEvent({ id: 1, type: 1, foreignId: "a", timestampMicros: 1 })])("", options),
  },
  {
    owner: "eventStreamContract",
    kinds: { patienceMs: "duration" },
    use: (options) => eventStreamContract(() => Promise.reject(new Error("unused")), options),
  },
  {
    owner: "cursorStoreContract",
    kinds: { patienceMs: "duration", cursorType: "special" },
    use: (options) => cursorStoreContract(() => Promise.reject(new Error("unused")), options),
  },
  {
    owner: "startMariadb",
    kinds: { vendor: "special", program: "text", flags: "texts", durable: "boolean", port: "boolean" },
    use: (options) => startMariadb(options),
  },
];
