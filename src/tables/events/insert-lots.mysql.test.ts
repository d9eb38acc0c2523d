import type { RowDataPacket } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { EventsTable } from "../events-table.ts";
import type { NewEvent } from "../events-table-base.ts";
import { createTables } from "../schema/table-schema.ts";

interface Lent {
  query(sql: string): Promise<unknown>;
}

describeEachEngine((engine) => {
  async function makeTable(type: string): Promise<EventsTable> {
    const name = newTableName("lots");
    await (await engine.createRawPool()).query(
      `create table ${name} (id bigint not null auto_increment primary key, foreign_id varchar(255) not null, type ${type} not null, timestamp datetime(6) not null)`,
    );
    return new EventsTable(name);
  }

  async function typesIn({ name }: EventsTable): Promise<number[]> {
    const rows = await toDatabase(await engine.createRawPool()).rows<{ type: number | string }>(
      `select type + 0 as type from ${name} order by id`,
      [],
    );
    return rows.map(({ type }) => Number(type));
  }

  /** How many statements insert these events into the table, which is made before. */
  async function statementsFor(table: EventsTable, events: readonly NewEvent<number, string>[]): Promise<number> {
    const pool = await engine.createPool({ connectionLimit: 1 });
    await createTables(pool, [table]);
    await table.insert(pool, "first", 1);
    const executed = (tx: unknown): Promise<number> => executions(tx as Lent);
    return transaction(pool, async (tx) => {
      const before = await executed(tx);
      await table.insertMany(tx, events);
      return (await executed(tx)) - before;
    });
  }

  describe("types", () => {
    // Catches a type that is sent as text to a column that would make another number of it: of "1" a BIT makes 49.
    test.each([
      ["int", [1, -7, 2_147_483_647]],
      ["bigint", [1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
      ["tinyint unsigned", [1, 255]],
      ["decimal(20,0)", [1, -7, Number.MAX_SAFE_INTEGER]],
      ["double", [1, -7]],
      ["bit(16)", [1, 49, 300]],
      ["enum('b','a','1')", [1, 2, 3]],
    ] as const)("are stored as they are in a column of %s, at the first insert and later", async (column, types) => {
      const table = await makeTable(column);
      const pool = await engine.createPool();
      const events = types.map((type) => ({ foreignId: "a", type }));
      for (let round = 0; round < 3; round++) await table.insertMany(pool, events);
      await table.insert(pool, "a", types[0]);
      expect(await typesIn(table)).toEqual([...types, ...types, ...types, types[0]]);
    });
  });

  describe("a lot of events", () => {
    test.each([
      [1, 1],
      [57, 3],
      [99, 6],
      [100, 1],
      [1234, 6],
    ])("of %i takes %i statements", async (size, statements) => {
      const table = new EventsTable(newTableName("lots"));
      const events = Array.from({ length: size }, (_, index) => ({
        foreignId: `order-${index}`,
        type: 1 + (index % 5),
      }));
      expect(await statementsFor(table, events)).toBe(statements);
      expect(await typesIn(table)).toEqual([1, ...events.map(({ type }) => type)]);
    });

    // An event that is larger than a lot may be has a statement of its own.
    test.each([
      [1000, 900, 1],
      [100, 100_000, 20],
      [5, 600_000, 5],
      [3, 1_500_000, 3],
    ])("of %i events of %i bytes takes %i statements", async (size, bytes, statements) => {
      const table = new EventsTable(newTableName("lots"), { metadataField: "metadata" });
      const metadata = Buffer.alloc(bytes, 65);
      const events = Array.from({ length: size }, (_, index) => ({ foreignId: `order-${index}`, type: 1, metadata }));
      expect(await statementsFor(table, events)).toBe(statements);
      expect(await typesIn(table)).toHaveLength(size + 1);
    });
  });
});

async function executions(tx: Lent): Promise<number> {
  const found = (await tx.query("show session status like 'Com_stmt_execute'")) as [RowDataPacket[]] | RowDataPacket[];
  const [row] = (Array.isArray(found[0]) ? found[0] : found) as RowDataPacket[];
  return Number(row?.["Value"]);
}
