import type { Pool, PoolConnection } from "mysql2/promise";
import {
  createTables,
  type DatabaseHandle,
  type EventStream,
  EventsTable,
  type EventsTableOptions,
  type ReflexEvent,
} from "reflex-rsql";
import { allOf } from "../events/all-of.ts";
import { newTableName } from "../tables/new-tables.ts";

/** An events table of its own name, made in the database. */
export async function makeTable(db: DatabaseHandle, options: EventsTableOptions = {}): Promise<EventsTable> {
  const table = new EventsTable(newTableName("events"), options);
  await createTables(db, [table]);
  return table;
}

/** The next events, fewer if the stream ends. */
export async function takeEvents(stream: EventStream, count: number): Promise<ReflexEvent[]> {
  const events: ReflexEvent[] = [];
  while (events.length < count) {
    const { done, value } = await stream.next();
    if (done === true) break;
    events.push(value);
  }
  return events;
}

/** The ids of the next events, fewer if the stream ends. */
export async function take(stream: EventStream, count: number): Promise<string[]> {
  return (await takeEvents(stream, count)).map(({ id }) => id);
}

/** The ids of all events until the stream ends. */
export async function rest(stream: EventStream): Promise<string[]> {
  return (await allOf(stream)).map(({ id }) => id);
}

/** A transaction that has inserted events and is still open. */
export interface OpenTransaction {
  readonly connection: PoolConnection;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Inserts events into a transaction and leaves it open. */
export async function openInsert(
  pool: Pool,
  table: EventsTable,
  foreignIds: readonly string[] = ["open"],
): Promise<OpenTransaction> {
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  for (const foreignId of foreignIds) await table.insert(connection, foreignId, 1);
  const end = async (how: "commit" | "rollback"): Promise<void> => {
    await connection[how]();
    connection.release();
  };
  return { connection, commit: () => end("commit"), rollback: () => end("rollback") };
}

/** "nothing", after a while: for a race that nothing else must win. */
export function nothingWithin(delayMs: number): Promise<"nothing"> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("nothing"), delayMs);
  });
}

/** Kills every connection to the database but the one that does it. */
export async function killOthers(pool: Pool, database: string): Promise<void> {
  const connection = await pool.getConnection();
  const [rows] = (await connection.query(
    "select id as thread from information_schema.processlist where db = ? and id <> connection_id()",
    [database],
  )) as unknown as [{ thread: number }[]];
  for (const { thread } of rows) await connection.query(`kill ${thread}`).catch(() => undefined);
  connection.release();
}

/** Inserts events with these foreign ids in one transaction. */
export async function insertEach(db: DatabaseHandle, table: EventsTable, foreignIds: readonly string[]): Promise<void> {
  await table.insertMany(
    db,
    foreignIds.map((foreignId) => ({ foreignId, type: 1 })),
  );
}

/** Inserts so many events in one transaction. */
export function insertMany(db: DatabaseHandle, table: EventsTable, count: number): Promise<void> {
  return insertEach(db, table, Array<string>(count).fill("x"));
}
