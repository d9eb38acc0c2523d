import type { Pool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/servers/engines.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { EventStream } from "../../reflex/stream.ts";
import { EventsTable } from "../events-table.ts";
import type { EventsTableOptions } from "../events-table-options.ts";
import { createTables } from "../schema/table-schema.ts";

let tables = 0;

async function makeTable(pool: Pool, options: EventsTableOptions = {}): Promise<EventsTable> {
  const table = new EventsTable(`hole_events_${++tables}`, options);
  await createTables(pool, [table]);
  return table;
}

async function take(stream: EventStream, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { done, value } = await stream.next();
    if (done === true) break;
    ids.push((value as ReflexEvent).id);
  }
  return ids;
}

describeEachServer((engine) => {
  test("a hole that a rollback left before the stream came is closed", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await table.insert(connection, "rolled back", 1);
    await connection.rollback();
    connection.release();
    await table.insert(pool, "kept", 1);
    const stream = table.stream(pool, "");
    const started = performance.now();
    expect(await take(stream, 1)).toEqual(["2"]);
    console.log(engine.name, "never seen", performance.now() - started);
    await stream.close();
  });

  test("a hole whose transaction rolls back while the stream waits is closed", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const stream = table.stream(pool, "");
    await stream.start();
    for (let i = 0; i < 5; i++) {
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await table.insert(connection, "rolled back", 1);
      await table.insert(pool, "kept", 1);
      const pending = take(stream, 1);
      await new Promise((r) => setTimeout(r, 100));
      const started = performance.now();
      await connection.rollback();
      expect(await pending).toEqual([String(2 * i + 2)]);
      console.log(engine.name, "in flight", performance.now() - started);
      connection.release();
    }
    await stream.close();
  });
});
