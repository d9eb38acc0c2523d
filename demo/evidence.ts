import { type Database, type DatabaseHandle, toDatabase } from "reflex-rsql";
import { readJournal } from "./journal.ts";
import { type ConsumerName, consumerNames, type DemoTables } from "./tables.ts";
import type { CustomerTotal, Effect, Evidence } from "./verdict.ts";

/** Reads what the writers wrote down and what the tables hold. */
export async function gatherEvidence(
  handle: DatabaseHandle,
  tables: DemoTables,
  journals: readonly string[],
): Promise<Evidence> {
  const database = toDatabase(handle);
  const effects = await Promise.all(
    consumerNames.map(async (name) => [name, await readEffects(database, tables.effects(name))]),
  );
  const entries = await Promise.all(journals.map(readJournal));
  const rows = await readRows(database, tables.events);
  return {
    acknowledged: entries.flatMap(({ acknowledged }) => acknowledged),
    rolledBack: entries.flatMap(({ rolledBack }) => rolledBack),
    orders: await readOrders(database, tables.orders),
    events: new Map(rows.filter(({ noop }) => !noop).map(({ id, orderId }) => [id, orderId])),
    noops: new Set(rows.filter(({ noop }) => noop).map(({ id }) => id)),
    effects: Object.fromEntries(effects) as Record<ConsumerName, Effect[]>,
    totals: await readTotals(database, tables.totals),
  };
}

async function readOrders(database: Database, table: string): Promise<Evidence["orders"]> {
  const rows = await database.rows<{ id: string; customer: string; cents: number | string }>(
    `select id, customer, cents from ${table}`,
    [],
  );
  return new Map(rows.map(({ id, customer, cents }) => [id, { customer, cents: Number(cents) }]));
}

interface EventsTableRow {
  readonly id: string;
  readonly orderId: string;
  readonly noop: boolean;
}

async function readRows(database: Database, table: string): Promise<EventsTableRow[]> {
  const rows = await database.rows<{ id_text: string; foreign_id: string; type: number | bigint }>(
    `select ${database.dialect.asText("t.id")} as id_text, t.foreign_id, t.type from ${table} t order by t.id`,
    [],
  );
  return rows.map((row) => ({ id: row.id_text, orderId: row.foreign_id, noop: Number(row.type) === 0 }));
}

async function readEffects(database: Database, table: string): Promise<Effect[]> {
  const rows = await database.rows<{ event_text: string; order_id: string }>(
    `select ${database.dialect.asText("t.event_id")} as event_text, t.order_id from ${table} t order by t.seq`,
    [],
  );
  return rows.map((row) => ({ eventId: row.event_text, orderId: row.order_id }));
}

async function readTotals(database: Database, table: string): Promise<ReadonlyMap<string, CustomerTotal>> {
  const rows = await database.rows<{ customer: string; orders: number | string; cents: number | string }>(
    `select customer, orders, cents from ${table}`,
    [],
  );
  return new Map(
    rows.map(({ customer, orders, cents }) => [customer, { orders: Number(orders), cents: Number(cents) }]),
  );
}
