import {
  CursorsTable,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  run,
  runForever,
  toDatabase,
} from "reflex-rsql";
import type { EnginePool } from "../servers/engines.ts";

type SchemaTable = EventsTable | CursorsTable | ErrorsTable;

export const events: EventsTable = new EventsTable("orders", { wake: false });
const cursors = new CursorsTable("cursors", { asyncPeriodMs: 0 });
const errors = new ErrorsTable({ tableName: "errors" });
export const tables: readonly SchemaTable[] = [events, cursors, errors];
const consumer = createConsumer("mailer", () => undefined);
const insertion = "insert into orders (foreign_id, type, timestamp) values ('a', 1, now(6))";
const failed = { consumer: "mailer", eventId: "1", message: "no" };

export interface Call {
  readonly call: string;
  /** The table that its message must name. */
  readonly table: string;
  readonly use: (pool: EnginePool, signal?: AbortSignal) => Promise<unknown>;
}

/** Those that take no signal, and those that do. Each with tables of its own, since what one has found out of them is remembered. */
export const inserts: readonly Call[] = [
  { call: "insert", table: "orders", use: (pool) => events.clone().insert(pool, "a", 1) },
  {
    call: "insertMany",
    table: "orders",
    use: (pool) => events.clone().insertMany(pool, [{ foreignId: "a", type: 1 }]),
  },
];
export const calls: readonly Call[] = [
  {
    call: "start",
    table: "orders",
    use: (pool, signal) => ended(events.clone().stream(pool, "", { signal }), "start"),
  },
  { call: "next", table: "orders", use: (pool, signal) => ended(events.clone().stream(pool, "", { signal }), "next") },
  { call: "newest", table: "orders", use: (pool, signal) => events.clone().newest(pool, { signal }) },
  { call: "lag", table: "orders", use: (pool, signal) => events.clone().lag(pool, "1", { signal }) },
  { call: "cursorAt", table: "orders", use: (pool, signal) => events.clone().cursorAt(pool, "head", { signal }) },
  { call: "getCursor", table: "cursors", use: (pool, signal) => cursors.clone().getCursor(pool, "mailer", { signal }) },
  {
    call: "setCursor",
    table: "cursors",
    use: (pool, signal) => cursors.clone().toStore(pool).setCursor("mailer", "1", { signal }),
  },
  {
    call: "run",
    table: "cursors",
    use: (pool, signal) =>
      run({ stream: events.clone().toStream(pool), cursors: cursors.clone().toStore(pool), consumer }, { signal }),
  },
  {
    call: "an error inserter",
    table: "errors",
    use: (pool, signal) => ownErrors().toErrorInserter(pool)(failed, { signal }),
  },
  { call: "list", table: "errors", use: (pool, signal) => ownErrors().list(pool, { signal }) },
  { call: "resolve", table: "errors", use: (pool, signal) => ownErrors().resolve(pool, "1", { signal }) },
  { call: "retry", table: "errors", use: (pool, signal) => ownErrors().retry(pool, "1", { consumer, events, signal }) },
  {
    call: "retryAll",
    table: "errors",
    use: (pool, signal) => ownErrors().retryAll(pool, { consumer, events, signal }),
  },
];
export const creation: Call = {
  call: "createTables",
  table: "orders",
  use: (pool, signal) => createTables(pool, tables, { signal }),
};

function ownErrors(): ErrorsTable {
  return new ErrorsTable({ tableName: "errors" });
}

async function ended(stream: ReturnType<EventsTable["stream"]>, call: "start" | "next"): Promise<unknown> {
  try {
    return await stream[call]();
  } finally {
    await stream.close();
  }
}

/** Calls that are aborted only: their errors name no table, or are those of the calls above. */
export const abortable: readonly Call[] = [
  {
    call: "batches",
    table: "orders",
    use: async (pool, signal) => {
      await using stream = events.clone().stream(pool, "", { signal });
      return await stream.batches().next();
    },
  },
  {
    call: "getCursor of a store",
    table: "cursors",
    use: (pool, signal) => cursors.clone().toStore(pool).getCursor("mailer", { signal }),
  },
  {
    call: "runForever",
    table: "cursors",
    use: (pool, signal) =>
      runForever(
        { stream: events.clone().toStream(pool), cursors: cursors.clone().toStore(pool), consumer },
        { signal },
      ),
  },
  {
    call: "run of a database",
    table: "orders",
    use: (pool, signal) => toDatabase(pool).run(insertion, [], { signal }),
  },
  {
    call: "rows of a database",
    table: "orders",
    use: (pool, signal) => toDatabase(pool).rows("select * from orders", [], { signal }),
  },
  {
    call: "a statement of a session",
    table: "orders",
    use: (pool, signal) => toDatabase(pool).session((session) => session.rows("select * from orders", [], { signal })),
  },
];
