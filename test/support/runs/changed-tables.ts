import type { Pool } from "mysql2/promise";
import { type CursorChange, CursorsTable, createTables, type EventsTable } from "reflex-rsql";
import type { Engine } from "../servers/engines.ts";
import { idRange } from "../streams/gaps.ts";
import { insertEach, makeTable } from "../streams/streams.ts";
import { newTableName } from "../tables/new-tables.ts";

/** The consumer of the tests. */
export const MAILER = "mailer";

/** An events table, and the cursors of its consumers, which may lie in another database. */
export interface Place {
  readonly engine: Engine;
  readonly pool: Pool;
  readonly events: EventsTable;
  readonly cursors: CursorsTable;
  readonly cursorPool: Pool;
  /** Where other processes find the cursors. */
  readonly cursorUrl: string;
}

/** A way in which a table is no longer what its consumers have read. */
export interface TableChange {
  readonly name: string;
  /** How many events the consumers have read before. */
  readonly before: number;
  /** The last id whose event is the same as before, or "0". */
  readonly kept: number;
  /** The number of new events when consumers look, and of those that come when they have looked. */
  readonly added: readonly [first: number, later: number];
  /** Whether the cursors lie beside the events, or where nothing happens to them. */
  readonly cursors: "beside" | "apart";
  /** The fault that consumers meet; undefined if their cursors fit the table. */
  readonly code: string | undefined;
  /** Makes the table hold the events up to `kept` and no other. */
  readonly change: (place: Place) => Promise<void>;
}

async function truncate({ pool, events }: Place): Promise<void> {
  await pool.query(`truncate table ${events.name}`);
}

/** Leaves the rows up to an id, and has the ids behind it given again. */
async function loseTail({ pool, events }: Place, kept: number): Promise<void> {
  await pool.query(`delete from ${events.name} where id > ${kept}`);
  await pool.query(`alter table ${events.name} auto_increment = ${kept + 1}`);
}

/** What was seen to lose events in silence, and a failover that loses none. */
export const tableChanges: readonly TableChange[] = [
  {
    name: "truncated and filled beyond the cursor",
    before: 5,
    kept: 0,
    added: [9, 1],
    cursors: "beside",
    code: "history_rewritten",
    change: truncate,
  },
  {
    name: "truncated and filled beyond the cursor only later",
    before: 5,
    kept: 0,
    added: [3, 5],
    cursors: "beside",
    code: "cursor_ahead",
    change: truncate,
  },
  {
    name: "swapped for a copy that lacks its last rows",
    before: 100,
    kept: 60,
    added: [60, 1],
    cursors: "beside",
    code: "history_rewritten",
    change: async ({ pool, events: { name } }) => {
      await pool.query(`create table ${name}_copy like ${name}`);
      await pool.query(`insert into ${name}_copy select * from ${name} where id <= 60`);
      await pool.query(`rename table ${name} to ${name}_old, ${name}_copy to ${name}`);
    },
  },
  {
    name: "failed over to a server that lacks its last rows, with the cursors elsewhere",
    before: 15,
    kept: 10,
    added: [6, 1],
    cursors: "apart",
    code: "history_rewritten",
    change: (place) => loseTail(place, 10),
  },
  {
    name: "failed over to a server that lacks its last rows, and those of the cursors",
    before: 15,
    kept: 10,
    added: [6, 1],
    cursors: "beside",
    code: undefined,
    change: async (place) => {
      const { pool, cursors } = place;
      await loseTail(place, 10);
      await pool.query(`update ${cursors.name} as c join ${cursors.name}_replica as r using (id)
        set c.last_event_id = r.last_event_id, c.position = r.position`);
    },
  },
];

/** Makes the tables of a change, empty. */
export async function openPlace(engine: Engine, { cursors: where }: TableChange): Promise<Place> {
  const pool = await engine.createRawPool();
  const observer = { error: () => undefined };
  const events = await makeTable(pool, { backoffMs: 100, observer });
  const database = where === "beside" ? engine.database : `${engine.database}_cursors`;
  await pool.query(`create database if not exists ${database}`);
  const cursorPool = await engine.createRawPool({ database });
  const cursors = new CursorsTable(newTableName("cursors"), { observer, changesTable: newTableName("changes") });
  await createTables(cursorPool, [cursors]);
  return { engine, pool, events, cursors, cursorPool, cursorUrl: engine.url(database) };
}

/**
 * Fills the table with the events from before. `consumed` resolves when consumers have read so many of them and their
 * cursors are written: that is waited for where a replica holds their cursors as they were then, and at the end.
 */
export async function fill(
  place: Place,
  change: TableChange,
  consumed: (count: number) => Promise<void>,
): Promise<void> {
  const { pool, events, cursors, cursorPool } = place;
  const { before, kept } = change;
  const old = oldEvents(before);
  await insertEach(pool, events, old.slice(0, kept));
  if (kept > 0) await consumed(kept);
  await cursorPool.query(`create table ${cursors.name}_replica as select * from ${cursors.name}`);
  await insertEach(pool, events, old.slice(kept));
  await consumed(before);
}

/** Changes the table, and adds the first of the new events. */
export async function changeTable(place: Place, { change, kept, added }: TableChange): Promise<void> {
  await change(place);
  await insertEach(place.pool, place.events, newEvents(kept + 1, added[0]));
}

/** Adds the new events that come when consumers have looked. Returns the foreign ids of all that are new. */
export async function addLater(place: Place, { kept, added: [first, later] }: TableChange): Promise<string[]> {
  await insertEach(place.pool, place.events, newEvents(kept + 1 + first, later));
  return newEvents(kept + 1, first + later);
}

/**
 * Has a person set the consumer back to the last event that is the same as before. Where no run answers within `waitMs`, it
 * is done without one.
 */
export function resetByPerson(place: Place, change: TableChange, waitMs = 20_000): Promise<CursorChange> {
  const { cursors, cursorPool, events } = place;
  const to = change.kept === 0 ? "start" : String(change.kept);
  const known = change.kept > 0 && change.cursors === "beside" ? { events } : {};
  // A table of its own, as in another process.
  return cursors.clone().reset(cursorPool, MAILER, { to, ...known, waitMs, force: true });
}

/** The foreign ids of the events from before. */
function oldEvents(count: number): string[] {
  return idRange(1, count).map((id) => `old ${id}`);
}

/** The foreign ids of so many new events, the first of them at this id. */
function newEvents(first: number, count: number): string[] {
  return idRange(first, first + count - 1).map((id) => `new ${id}`);
}
