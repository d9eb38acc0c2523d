import {
  CursorsTable,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  EventsTableInt,
  errorsTableSchema,
  type ResetOptions,
  run,
  runForever,
  type SkipOptions,
  type Spec,
  schemaSql,
  socketNotifier,
  stopFillingGaps,
  transaction,
} from "reflex-rsql";
import {
  call,
  cursorsTable,
  errorsSchema,
  eventsTable,
  forcedRequest,
  gaps,
  limits,
  request,
  retry,
  running,
  runningForever,
  stream,
  told,
  transactions,
} from "./option-kinds.ts";
import { database, type OptionOwner } from "./option-owner.ts";

const { pool } = database;
const events = new EventsTable("orders");
const cursors = new CursorsTable("cursors");
const errors = new ErrorsTable();
const consumer = createConsumer("mailer", () => undefined);
export const spec: Spec = { stream: events.toStream(pool), cursors: cursors.toStore(pool), consumer };
const error = { consumer: "mailer", eventId: "1", message: "no" };

/** What the package itself exports. */
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
  { owner: "newest", kinds: call, use: (options) => events.newest(pool, options) },
  { owner: "lag", kinds: call, use: (options) => events.lag(pool, "1", options) },
  { owner: "cursorAt", kinds: call, use: (options) => events.cursorAt(pool, "head", options) },
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
  { owner: "runForever", kinds: runningForever, use: (options) => runForever(spec, options) },
  {
    owner: "transaction()",
    kinds: transactions,
    use: (options) => transaction(pool, () => Promise.resolve(), options),
  },
  { owner: "schemaSql", kinds: { alterFrom: "special" }, use: (options) => schemaSql("mysql", [events], options) },
  { owner: "withdraw", kinds: call, use: (options) => cursors.withdraw(pool, "mailer", options) },
  { owner: "list", kinds: call, use: (options) => cursors.list(pool, options) },
  {
    owner: "changes",
    kinds: { ...call, consumer: "text", limit: "count" },
    use: (options) => cursors.changes(pool, options),
  },
  {
    owner: "reset",
    kinds: { ...forcedRequest, to: "text", events: "special", eventsDb: "special" },
    required: { to: "41" },
    use: (options) => cursors.reset(pool, "mailer", options as ResetOptions),
  },
  {
    owner: "skip",
    kinds: { ...request, eventId: "special", events: "special", eventsDb: "special", record: "function" },
    required: { eventId: "42", events: false, record: false },
    use: (options) => cursors.skip(pool, "mailer", options as SkipOptions),
  },
  ...(["pause", "resume", "retire", "delete"] as const).map((owner) => ({
    owner,
    kinds: forcedRequest,
    use: (options: object) => cursors[owner](pool, "mailer", options),
  })),
  {
    owner: "createTables",
    kinds: { ...call, alter: "boolean" },
    use: (options) => createTables(pool, [events], options),
  },
  { owner: "stopFillingGaps", kinds: call, use: (options) => stopFillingGaps(events, options) },
  {
    owner: "socketNotifier()",
    kinds: { path: "text", port: "port", group: "special", channel: "oneLine", onError: "function" },
    use: (options) => socketNotifier(options),
  },
];
