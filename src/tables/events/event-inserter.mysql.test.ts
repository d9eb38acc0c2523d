import { describe, expect, test } from "vitest";
import { allOf } from "../../../test/support/events/all-of.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { makeTable, rest } from "../../../test/support/streams/streams.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { foreignIdInt } from "../../reflex/event.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";
import { createTables } from "../schema/table-schema.ts";
import type { EventsInserter, EventToStore } from "./loader-and-inserter.ts";

function insertInto(table: string, seen: EventToStore[] = []): EventsInserter {
  return async (tx, event) => {
    seen.push(event);
    const { insertId } = await tx.run(
      `insert into ${table} (foreign_id, type, timestamp) values (?, ?, utc_timestamp(6))`,
      [event.foreignId, event.type],
    );
    return insertId;
  };
}

describeEachServer((engine) => {
  describe("an inserter", () => {
    // Catches a path that still runs the table's own INSERT, or another order.
    test("is called once for each event, in order, by insert, insertWithMetadata and insertMany", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const seen: EventToStore[] = [];
      let traces = 0;
      const table = plain.clone({ inserter: insertInto(plain.name, seen), trace: () => Uint8Array.of(++traces) });
      expect((await table.insert(pool, "a", 1)).eventId).toBe("1");
      expect((await table.insertWithMetadata(pool, "b", 2, "ü")).eventId).toBe("2");
      const notify = await table.insertMany(pool, [
        { foreignId: "c", type: 3, metadata: Uint8Array.of(0) },
        { foreignId: "d", type: 4 },
      ]);
      expect(notify.eventId).toBe("3");
      expect(seen).toEqual([
        { foreignId: "a", type: 1, metadata: undefined, trace: Uint8Array.of(1) },
        { foreignId: "b", type: 2, metadata: Buffer.from("ü"), trace: Uint8Array.of(2) },
        { foreignId: "c", type: 3, metadata: Uint8Array.of(0), trace: Uint8Array.of(3) },
        { foreignId: "d", type: 4, metadata: undefined, trace: Uint8Array.of(4) },
      ]);
      const events = await allOf(table.stream(pool, "", { toHead: true }));
      expect(events.map(({ id, foreignId }) => id + foreignId)).toEqual(["1a", "2b", "3c", "4d"]);
      expect((await table.insertMany(pool, [])).eventId).toBeUndefined();
    });

    // Catches an inserter on another connection, whose row would outlive a rollback.
    test("writes through the caller's transaction: what it wrote commits or rolls back with it", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await pool.query(`create table ${plain.name}_audit (note varchar(20))`);
      const insert = insertInto(plain.name);
      const table = plain.clone({
        inserter: async (tx, event) => {
          await tx.run(`insert into ${plain.name}_audit values (?)`, [event.foreignId]);
          return insert(tx, event);
        },
      });
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await table.insert(connection, "gone", 1);
      await connection.rollback();
      await connection.beginTransaction();
      await table.insert(connection, "kept", 1);
      await connection.commit();
      connection.release();
      const half = plain.clone({
        inserter: async (tx, event) => {
          await insert(tx, event);
          throw new Error("half done");
        },
      });
      await expect(half.insert(pool, "half", 1)).rejects.toThrow("half done");
      const [audit] = await pool.query(`select note from ${plain.name}_audit`);
      expect(audit).toEqual([{ note: "kept" }]);
      const [rows] = await pool.query(`select foreign_id from ${plain.name} where type <> 0`);
      expect(rows).toEqual([{ foreign_id: "kept" }]);
    });

    // Catches an inserter that bypasses what transaction() collects, and one wake-up an event.
    test("leaves waking to the table: after the commit, once, and not after a rollback", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      let wakes = 0;
      const notifier = { subscribe: () => () => undefined, notify: () => void wakes++ };
      const table = plain.clone({ inserter: insertInto(plain.name), notifier });
      await transaction(pool, async (tx) => {
        await table.insertMany(tx, [
          { foreignId: "a", type: 1 },
          { foreignId: "b", type: 1 },
        ]);
        expect(wakes).toBe(0);
      });
      expect(wakes).toBe(1);
      const failed = transaction(pool, async (tx) => {
        await table.insert(tx, "c", 1);
        throw new Error("no");
      });
      await expect(failed).rejects.toThrow("no");
      expect(wakes).toBe(1);
    });

    // Catches a retry of the whole inserter, which would do its other statements twice, and none at all.
    test("has a statement repeated whose id was taken before its row was inserted, and only that statement", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await pool.query(`create table ${plain.name}_audit (note varchar(20))`);
      await plain.insert(pool, "first", 1);
      let attempts = 0;
      const table = plain.clone({
        inserter: async (tx, { foreignId, type }) => {
          await tx.run(`insert into ${plain.name}_audit values (?)`, [foreignId]);
          // The id is taken at the first attempt; the server gives the next one a free id.
          const { insertId } = await tx.run(
            `insert into ${plain.name} (id, foreign_id, type, timestamp) values (if(@attempt_${plain.name} := ifnull(@attempt_${plain.name}, 0) + 1 = 1, 1, null), ?, ?, utc_timestamp(6))`,
            [foreignId, type],
          );
          attempts++;
          return insertId;
        },
      });
      await transaction(pool, (tx) => table.insert(tx, "second", 1));
      expect(attempts).toBe(1);
      const [audit] = await pool.query(`select note from ${plain.name}_audit`);
      expect(audit).toEqual([{ note: "second" }]);
      const events = await allOf(table.stream(pool, "1", { toHead: true }));
      expect(events.map(({ foreignId }) => foreignId)).toEqual(["second"]);
    });

    // Catches an error without its code, or a user's own error that nobody can recognise any more.
    test("that throws fails the insert with its own error; a statement's failure says what it was", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const broken = new Error("no such customer");
      const rejecting = plain.clone({ inserter: () => Promise.reject(broken) });
      await expect(rejecting.insert(pool, "a", 1)).rejects.toBe(broken);
      const missing = plain.clone({ inserter: insertInto("nowhere_to_be_found") });
      await expect(missing.insert(pool, "a", 1)).rejects.toMatchObject({ code: "wrong_schema" });
    });

    // Catches an id of a wrong type that reaches callers as text-to-be, and an unknown id that fails the insert.
    test("resolves with the id as text or with undefined: anything else is refused", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const untold = plain.clone({ inserter: () => Promise.resolve(undefined) });
      expect((await untold.insert(pool, "a", 1)).eventId).toBeUndefined();
      for (const id of [7, 7n, "", "x", null]) {
        const wrong = plain.clone({ inserter: () => Promise.resolve(id as string) });
        await expect(wrong.insert(pool, "a", 1)).rejects.toMatchObject({ code: "invalid_argument" });
      }
    });

    // Catches checks that only the table's own statement had: an inserter must not make a noop by accident.
    test("is asked for no event that the table would refuse", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const seen: EventToStore[] = [];
      const table = plain.clone({ types: { Placed: 1 }, inserter: insertInto(plain.name, seen) });
      await expect(table.insert(pool, "a", 0)).rejects.toMatchObject({ code: "noop_insert" });
      await expect(table.insert(pool, "a", 2)).rejects.toMatchObject({ code: "unknown_event_type" });
      await expect(table.insert(pool, 5 as unknown as string, 1)).rejects.toMatchObject({ code: "invalid_argument" });
      expect(seen).toEqual([]);
    });
  });

  describe("a table of integers", () => {
    // Catches a foreign id that goes through a number on its way to an inserter or in a row with metadata.
    test("takes numbers and bigints exactly, by every way to insert, and refuses fractions and unsafe numbers", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTableInt("integer_ways", { metadataField: "metadata" });
      await createTables(pool, [table]);
      const seen: EventToStore[] = [];
      await table.insert(pool, Number.MIN_SAFE_INTEGER, 1);
      await table.insertWithMetadata(pool, 2n ** 63n - 1n, 1, "m");
      await table.insertMany(pool, [
        { foreignId: 0, type: 1 },
        { foreignId: -(2n ** 63n), type: 1 },
      ]);
      await table.clone({ inserter: insertInto("integer_ways", seen) }).insert(pool, 9007199254740993n, 1);
      const events = await allOf(table.stream(pool, "", { toHead: true }));
      const foreignIds = [BigInt(Number.MIN_SAFE_INTEGER), 2n ** 63n - 1n, 0n, -(2n ** 63n), 9007199254740993n];
      expect(events.map(foreignIdInt)).toEqual(foreignIds);
      expect(seen).toMatchObject([{ foreignId: "9007199254740993" }]);
      for (const wrong of [0.5, 2 ** 53, Number.POSITIVE_INFINITY, 2n ** 63n, "1" as unknown as number]) {
        const refused = table.insertMany(pool, [
          { foreignId: 1, type: 1 },
          { foreignId: wrong, type: 1 },
        ]);
        await expect(refused).rejects.toMatchObject({ code: "invalid_int_id" });
      }
      expect(await rest(table.stream(pool, "5", { toHead: true }))).toEqual([]);
    });
  });

  describe("a table of foreign ids in a binary column", () => {
    // Catches hex that is stored as text, which fits no binary(16).
    test("stores hex as bytes, gives it back as hex, and refuses what is no hex", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("binary_ways", { foreignIdColumn: "binary" });
      await createTables(pool, [table]);
      await pool.query("alter table binary_ways modify foreign_id binary(16) not null");
      const foreignId = "00ff102030405060708090a0b0c0d0e0";
      await table.insert(pool, foreignId, 1);
      const [rows] = await pool.query("select hex(foreign_id) as hex from binary_ways");
      expect(rows).toEqual([{ hex: foreignId.toUpperCase() }]);
      const [event] = await allOf(table.stream(pool, "", { toHead: true }));
      expect(event?.foreignId).toBe(foreignId);
      for (const wrong of ["o-17", "0x00", "abc"]) {
        await expect(table.insert(pool, wrong, 1)).rejects.toMatchObject({ code: "invalid_argument" });
      }
    });
  });
});
