import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import {
  DATABASE,
  type ServerWithPools,
  startServerWithPools,
} from "../../../test/support/servers/server-with-pools.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { EventsTable } from "../events-table.ts";
import { createTables } from "../schema/table-schema.ts";
import type { EventsTableOptions } from "./events-table-options.ts";

const MIB = 1024 * 1024;
const SECRET = "secret";

describeEachEngine((engine) => {
  let scene: ServerWithPools;
  let pool: EnginePool;

  beforeAll(async () => {
    scene = await startServerWithPools({ vendor: engine.vendor, flags: ["--max-allowed-packet=4M"] });
    const options = {
      socketPath: scene.server.socketPath,
      user: "root",
      database: DATABASE,
      connectionLimit: 2,
    };
    pool = engine.driver === "mysql2" ? createPool(options) : createMariadbPool({ ...options, minimumIdle: 0 });
  });

  afterAll(async () => {
    await pool.end();
    await scene[Symbol.asyncDispose]();
  });

  async function makeTable(options: EventsTableOptions = {}): Promise<EventsTable> {
    const table = new EventsTable(newTableName("large"), { metadataField: "metadata", ...options });
    await createTables(pool, [table]);
    return table;
  }

  async function storedSizes({ name }: EventsTable): Promise<string[]> {
    const rows = await toDatabase(scene.pool).rows<{ size: string }>(
      `select concat(foreign_id, ' ', length(metadata)) as size from ${name} order by id`,
      [],
    );
    return rows.map(({ size }) => size);
  }

  describe("insertMany of more than a packet", () => {
    test.each([
      ["events of 100 KB", Array.from({ length: 100 }, () => 100_000)],
      ["events of 20 KB", Array.from({ length: 500 }, () => 20_000)],
      ["large events among small ones", [10, 3 * MIB, 10, 10, 2 * MIB, 900_000, 900_000, 10]],
    ])("is stored in order, and its first id told: %s", async (_what, sizes) => {
      const table = await makeTable();
      const events = sizes.map((size, index) => ({
        foreignId: String(index),
        type: 1,
        metadata: Buffer.alloc(size, 65),
      }));
      const notify = await table.insertMany(pool, events);
      expect(notify.eventId).toBe("1");
      expect(await storedSizes(table)).toEqual(sizes.map((size, index) => `${index} ${size}`));
    });

    test("counts traces, and asks for each once, in the order of the events", async () => {
      let asked = 0;
      const trace = (): Uint8Array => Buffer.alloc(100_000, asked++);
      const table = await makeTable({ traceField: "trace", trace });
      await toDatabase(scene.pool).run(`alter table ${table.name} modify trace longblob`, []);
      await table.insertMany(
        pool,
        Array.from({ length: 60 }, (_, index) => ({ foreignId: String(index), type: 1 })),
      );
      const rows = await toDatabase(scene.pool).rows<{ foreign_id: string; first: number }>(
        `select foreign_id, ord(left(trace, 1)) as first from ${table.name} order by id`,
        [],
      );
      expect(rows.map(({ foreign_id, first }) => [foreign_id, first])).toEqual(
        Array.from({ length: 60 }, (_, index) => [String(index), index]),
      );
    });

    test("stores all or nothing", async () => {
      const table = await makeTable();
      const sizes = [100_000, 900_000, 900_000, 5 * MIB];
      const events = sizes.map((size) => ({ foreignId: "a", type: 1, metadata: Buffer.alloc(size, 65) }));
      await expect(table.insertMany(pool, events)).rejects.toMatchObject({ code: "database_error" });
      expect(await storedSizes(table)).toEqual([]);
    });
  });

  describe("an event that is larger than the server takes", () => {
    // Servers answer 1153 or close the connection, whichever the driver sees first.
    test.each([5 * MIB, 15 * MIB])("of %i bytes says so, with what to do", async (size) => {
      const table = await makeTable();
      await toDatabase(scene.pool).run(`alter table ${table.name} modify metadata longblob`, []);
      const metadata = Buffer.alloc(size, SECRET);
      const alone: unknown = await table.insertWithMetadata(pool, "a", 1, metadata).catch((error: unknown) => error);
      const inside: unknown = await transaction(pool as never, (tx: never) =>
        table.insertWithMetadata(tx, "a", 1, metadata),
      ).catch((error: unknown) => error);
      for (const error of [alone, inside]) {
        const [, bytes] =
          /; the event has (\d+) bytes, .* max_allowed_packet: raise it, or .* elsewhere/.exec(String(error)) ?? [];
        // The foreign id, and the type where it goes as text.
        expect([size + 1, size + 2]).toContain(Number(bytes));
        expect(String(error)).not.toContain(SECRET);
      }
      expect(alone).toMatchObject({ code: "database_error" });
      await table.insertWithMetadata(pool, "b", 1, "small");
      expect(await storedSizes(table)).toEqual(["b 5"]);
    });
  });

  describe("a value that is too long for its column", () => {
    test.each([
      ["metadata", "blob", 65_535],
      ["trace", "varbinary(300)", 300],
    ])("of %s, a %s, names the column's type and what holds more", async (column, type, capacity) => {
      const trace = column === "trace" ? (): Uint8Array => Buffer.alloc(301, SECRET) : undefined;
      const table = await makeTable({ traceField: "trace", trace });
      await toDatabase(scene.pool).run(`alter table ${table.name} modify ${column} ${type}`, []);
      const metadata = Buffer.alloc(column === "metadata" ? 65_536 : 1, SECRET);
      const error: unknown = await table.insertWithMetadata(pool, "a", 1, metadata).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "database_error",
        message: expect.stringContaining(
          `column ${column} is ${type} and holds no more than ${capacity} bytes: alter it to LONGBLOB`,
        ),
      });
      expect(String(error)).not.toContain(SECRET);
    });
  });
});
