import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { allOf } from "../../test/support/events/all-of.ts";
import { describeEachEngine, describeEachServer } from "../../test/support/servers/engines.ts";
import { transaction } from "../database/handles/transaction.ts";
import { foreignIdInt } from "../reflex/event.ts";
import { EventsTable } from "./events-table.ts";
import { EventsTableInt } from "./events-table-int.ts";
import { createTables } from "./schema/table-schema.ts";

describeEachEngine((engine) => {
  describe("an insert", () => {
    test("keeps every part of the event exactly", async () => {
      const pool = await engine.createPool();
      const trace = Buffer.from([0, 255, 1]);
      const table = new EventsTable("exact_events", {
        metadataField: "metadata",
        traceField: "trace",
        trace: () => trace,
      });
      await createTables(pool, [table]);
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const before = Date.now();
      await table.insertWithMetadata(pool, "o'17 \\ ü€😀\t\n", 7, bytes.subarray(3, 200));
      await table.insertWithMetadata(pool, "", 2 ** 31 - 1, "tëxt");
      await table.insert(pool, "plain", -3);
      const [first, second, third] = await allOf(table.stream(pool, "", { toHead: true }));
      expect(first).toMatchObject({ id: "1", type: 7, foreignId: "o'17 \\ ü€😀\t\n" });
      expect(Buffer.from(first?.metadata ?? []).equals(bytes.subarray(3, 200))).toBe(true);
      expect(Buffer.from(first?.trace ?? []).equals(trace)).toBe(true);
      expect(Buffer.from(second?.metadata ?? []).toString()).toBe("tëxt");
      expect(second).toMatchObject({ type: 2 ** 31 - 1, foreignId: "" });
      expect(third).toMatchObject({ type: -3, metadata: undefined });
      expect(first?.timestamp.getTime()).toBe(Math.floor((first?.timestampMicros ?? 0) / 1000));
      expect(first?.timestamp.getTime()).toBeGreaterThanOrEqual(before - 1000);
      expect(first?.timestamp.getTime()).toBeLessThanOrEqual(Date.now() + 1000);
    });

    test("commits and rolls back with the caller's own transaction on the driver's own connection", async () => {
      const pool = await engine.createPool();
      const table = new EventsTable("own_transaction_events");
      await createTables(pool, [table]);
      const connection = (await pool.getConnection()) as PoolConnection;
      await connection.beginTransaction();
      await table.insert(connection, "rolled back", 1);
      await connection.rollback();
      await connection.beginTransaction();
      const notify = await table.insert(connection, "kept", 1);
      await connection.commit();
      connection.release();
      notify();
      expect(notify.eventId).toBe("2");
      const [event] = await allOf(table.stream(pool, "1", { toHead: true }));
      expect(event?.foreignId).toBe("kept");
    });

    test.each(["json", "text", "varchar(100)"])("finds metadata byte for byte in a column of %s", async (type) => {
      const pool = await engine.createPool();
      const raw = await engine.createRawPool();
      const table = new EventsTable(`metadata_${type.replaceAll(/\W/g, "_")}_events`, { metadataField: "metadata" });
      await createTables(pool, [table]);
      await raw.query(`alter table ${table.name} modify metadata ${type}`);
      // JavaScript would round the number.
      const text = '{"ü": 12345678901234567890}';
      // MySQL takes no bytes into JSON, so that is for tables that others write.
      if (type === "json")
        await raw.query(`insert into ${table.name} values (default, 'a', utc_timestamp(6), 1, ?)`, [text]);
      else await table.insertWithMetadata(pool, "a", 1, text);
      const [event] = await allOf(table.stream(pool, "", { toHead: true }));
      expect(Buffer.from(event?.metadata ?? []).toString()).toBe(text);
    });

    test("of many events keeps their order over statements of several sizes", async () => {
      const pool = await engine.createPool();
      const table = new EventsTable("many_events", { metadataField: "metadata" });
      await createTables(pool, [table]);
      const events = Array.from({ length: 1123 }, (_, index) => ({
        foreignId: `f${index}`,
        type: 1 + (index % 5),
        metadata: `${index}`,
      }));
      const notify = await table.insertMany(pool, events);
      expect(notify.eventId).toBe("1");
      const stored = await allOf(table.stream(pool, "", { toHead: true }));
      expect(stored.map(({ foreignId, type, metadata }) => ({ foreignId, type, metadata: String(metadata) }))).toEqual(
        events,
      );
      expect((await table.insertMany(pool, [])).eventId).toBeUndefined();
    });

    test("into a table of integers takes numbers and bigints exactly", async () => {
      const pool = await engine.createPool();
      const table = new EventsTableInt("int_events");
      await createTables(pool, [table]);
      await table.insert(pool, 42, 1);
      await table.insert(pool, 9223372036854775807n, 1);
      await table.insert(pool, -9007199254740993n, 1);
      const events = await allOf(table.stream(pool, "", { toHead: true }));
      expect(events.map(foreignIdInt)).toEqual([42n, 9223372036854775807n, -9007199254740993n]);
      for (const wrong of [1.5, 2 ** 53, Number.NaN, 2n ** 63n]) {
        await expect(table.insert(pool, wrong, 1)).rejects.toMatchObject({ code: "invalid_int_id" });
      }
    });
  });
});

describeEachServer((engine) => {
  describe("an insert", () => {
    test("wakes its table's streams after the commit of transaction(), once, and not after a rollback", async () => {
      const pool = await engine.createRawPool();
      let wakes = 0;
      const notifier = { subscribe: () => () => undefined, notify: () => void wakes++ };
      const table = new EventsTable("woken_events", { notifier });
      await createTables(pool, [table]);
      await transaction(pool, async (tx) => {
        await table.insert(tx, "a", 1);
        await table.insert(tx, "b", 1);
        expect(wakes).toBe(0);
      });
      expect(wakes).toBe(1);
      const rollback = transaction(pool, async (tx) => {
        await table.insert(tx, "c", 1);
        throw new Error("no");
      });
      await expect(rollback).rejects.toThrow("no");
      expect(wakes).toBe(1);
    });

    test("is committed although its notifier throws, and says so", async () => {
      const pool = await engine.createRawPool();
      const errors: unknown[] = [];
      const notifier = {
        subscribe: () => () => undefined,
        notify: () => {
          throw new Error("notifier down");
        },
      };
      const table = new EventsTable("notified_events", {
        notifier,
        observer: { error: (report) => errors.push(report) },
      });
      await createTables(pool, [table]);
      await table.insert(pool, "a", 1);
      expect(errors).toMatchObject([{ activity: "notify", name: "notified_events" }]);
      expect(await allOf(table.stream(pool, "", { toHead: true }))).toHaveLength(1);
    });

    test("refuses what no event can be, and writes nothing", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("strict_events", { types: { Placed: 1, Paid: 2 } });
      await createTables(pool, [table]);
      const untyped = table as unknown as EventsTable;
      await expect(untyped.insert(pool, "a", 3)).rejects.toMatchObject({ code: "unknown_event_type" });
      await expect(untyped.insert(pool, "a", 0)).rejects.toMatchObject({ code: "noop_insert" });
      await expect(untyped.insert(pool, "a", 1.5)).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(untyped.insert(pool, 7 as unknown as string, 1)).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(untyped.insertWithMetadata(pool, "a", 1, "x")).rejects.toMatchObject({ code: "metadata_disabled" });
      const [rows] = await pool.query<RowDataPacket[]>("select * from strict_events");
      expect(rows).toEqual([]);
    });

    test("into a table or column that is missing says what to create", async () => {
      const pool = await engine.createRawPool();
      await expect(new EventsTable("nowhere").insert(pool, "a", 1)).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringContaining("createTables") as string,
      });
      const table = new EventsTable("narrow_events");
      await createTables(pool, [table]);
      await expect(table.clone({ typeField: "kind" }).insert(pool, "a", 1)).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringContaining("...Field options") as string,
      });
    });

    test("uses the names of columns that its options give", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("renamed events", {
        idField: "event id",
        timeField: "at",
        typeField: "select",
        foreignIdField: "order",
        metadataField: "from",
      });
      await createTables(pool, [table]);
      await table.insertWithMetadata(pool, "a", 1, "m");
      expect(await allOf(table.stream(pool, "", { toHead: true }))).toMatchObject([
        { id: "1", type: 1, foreignId: "a" },
      ]);
    });
  });

  test("a clone takes over the options and shares no notifier", async () => {
    const pool = await engine.createRawPool();
    const table = new EventsTable("cloned_events", { metadataField: "m", wake: false, backoffMs: 600_000 });
    await createTables(pool, [table]);
    const controller = new AbortController();
    const pending = table.clone().stream(pool, "", { signal: controller.signal }).next();
    await table.insertWithMetadata(pool, "a", 1, "m");
    controller.abort(new Error("was not woken"));
    await expect(pending).rejects.toThrow("was not woken");
  });
});
