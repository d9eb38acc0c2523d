import type { Pool, RowDataPacket } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";

/** Makes a table of an application beside the events table, with a row 1, and resolves with its name. */
export async function makeWork(pool: Pool, table: EventsTable): Promise<string> {
  const work = `${table.name}_work`;
  await pool.query(`create table ${work} (id int primary key, n int not null default 0)`);
  await pool.query(`insert into ${work} (id) values (1)`);
  return work;
}

/** All ids in a table, noops included. */
export async function idsOf(pool: Pool, table: string): Promise<number[]> {
  const [rows] = await pool.query<RowDataPacket[]>(`select id from ${table} order by id`);
  return rows.map((row) => Number(row["id"]));
}

/** The foreign ids of a table's events, in order. */
export async function foreignIdsOf(pool: Pool, table: EventsTable): Promise<string[]> {
  const [rows] = await pool.query<RowDataPacket[]>(`select foreign_id from ${table.name} where type > 0 order by id`);
  return rows.map((row) => String(row["foreign_id"]));
}
