import { readFile } from "node:fs/promises";
import { type Database, type DatabaseHandle, toDatabase } from "reflex-rsql";
import { type ConsumerName, consumerNames, type DemoTables } from "./tables.ts";
import type { Acknowledgement, CustomerTotal, Effect, Evidence } from "./verdict.ts";

/** Reads what the writers wrote down and what the tables hold. */
export async function gatherEvidence(
  handle: DatabaseHandle,
  tables: DemoTables,
  files: readonly string[],
): Promise<Evidence> {
  const database = toDatabase(handle);
  const effects = await Promise.all(
    consumerNames.map(async (name) => [name, await readEffects(database, tables.effects(name))]),
  );
  return {
    acknowledged: (await Promise.all(files.map(readAcknowledgements))).flat(),
    orders: await readOrders(database, tables.orders),
    events: await readEvents(database, tables.events),
    effects: Object.fromEntries(effects) as Record<ConsumerName, Effect[]>,
    totals: await readTotals(database, tables.totals),
  };
}

async function readAcknowledgements(file: string): Promise<Acknowledgement[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter(Boolean);
  return lines.map((line) => {
    const [orderId = "", eventId = "", at = "0"] = line.split(" ");
    return { orderId, eventId, at: BigInt(at) };
  });
}

async function readOrders(database: Database, table: string): Promise<Evidence["orders"]> {
  const rows = await database.rows<{ id: string; customer: string; cents: number | string }>(
    `select id, customer, cents from ${table}`,
    [],
  );
  return new Map(rows.map(({ id, customer, cents }) => [id, { customer, cents: Number(cents) }]));
}

async function readEvents(database: Database, table: string): Promise<Evidence["events"]> {
  const rows = await database.rows<{ id_text: string; foreign_id: string }>(
    `select ${database.dialect.asText("t.id")} as id_text, t.foreign_id from ${table} t order by t.id`,
    [],
  );
  return new Map(rows.map((row) => [row.id_text, row.foreign_id]));
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
