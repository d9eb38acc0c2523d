import { type EventsTable, type EventsTableOptions, type ReflexEvent, type StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer, type Engine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { leaveGap, noopIds, Reports } from "../../../test/support/streams/gaps.ts";
import { makeTable, rest, take } from "../../../test/support/streams/streams.ts";

const UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

describeEachServer((engine) => {
  describe("ids beyond 2^53", () => {
    // Catches an id that goes through a number anywhere: in the gap, the probe, the noop, the cache or the cursor.
    test.each([2n ** 53n, 2n ** 63n - 10n])("are exact, with gaps between them: from %s", async (start) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = ${start}`);
      await table.insert(pool, "first", 1);
      await leaveGap(pool, table, 2);
      await table.insert(pool, "second", 1);
      const stream = table.stream(pool, "", { firstId: String(start) });
      expect(await take(stream, 2)).toEqual([String(start), String(start + 3n)]);
      const next = take(stream, 1);
      await leaveGap(pool, table);
      await table.insert(pool, "third", 1);
      expect(await next).toEqual([String(start + 5n)]);
      expect(await noopIds(pool, table)).toEqual([1n, 2n, 4n].map((offset) => String(start + offset)));
      expect(stream.position).toBe(String(start + 5n));
      await stream.close();
      expect(await rest(table.stream(pool, String(start + 3n), { toHead: true }))).toEqual([String(start + 5n)]);
    });
  });

  describe("foreign ids in a binary(16) column", () => {
    // Catches an insert that stores the letters of the hex text, and a driver's conversion of bytes into text.
    test("are inserted and delivered in hex, byte by byte", async () => {
      const { pool, table } = await withColumn(engine, "binary(16)", { foreignIdColumn: "binary" });
      const ids = ["00".repeat(16), "ff".repeat(16), "0a0d1a00275c22ff8081c3a9e282ac00", UUID.replaceAll("-", "")];
      for (const id of ids) await table.insert(pool, id, 1);
      await table.insert(pool, UUID.replaceAll("-", "").toUpperCase(), 1);
      const delivered = await events(pool, table);
      expect(delivered.slice(0, 4).map(({ foreignId }) => foreignId)).toEqual(ids);
      const [rows] = (await pool.query(`select lower(hex(foreign_id)) as bytes from ${table.name} order by id`)) as [
        { bytes: string }[],
        unknown,
      ];
      expect(rows.map(({ bytes }) => bytes)).toEqual(delivered.map(({ foreignId }) => foreignId));
    });

    // Catches a lenient conversion: Buffer.from("…", "hex") stops at the first letter that is none, in silence.
    test.each([UUID, "0", "xyz", "0g", " 00"])("are refused when they are no hex: %j", async (foreignId) => {
      const { pool, table } = await withColumn(engine, "binary(16)", { foreignIdColumn: "binary" });
      await expect(table.insert(pool, foreignId, 1)).rejects.toMatchObject({
        name: "RangeError",
        code: "invalid_argument",
        message: expect.stringContaining("must be in hex"),
      });
    });

    // Catches one that reads bytes as text: foreign ids full of replacement characters.
    test("need the option that says so", async () => {
      const { pool, table } = await withColumn(engine, "binary(16)");
      await expect(rest(table.stream(pool, "", { toHead: true }))).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringContaining('foreignIdColumn to "binary"'),
      });
    });

    test("have gaps told as unfillable, until a noop's value is named", async () => {
      const value = Buffer.alloc(16);
      const own = UUID.replaceAll("-", "");
      const found = await stallThenName(engine, { column: "binary(16)", value, own, foreignIdColumn: "binary" });
      expect(found).toMatchObject(stalledThenClosed(own));
    });

    // Catches a noop that is inserted as "0" and not known again, as it is read as 30.
    test("of any length have gaps closed with no value named", async () => {
      const { pool, table } = await withColumn(engine, "varbinary(16)", { foreignIdColumn: "binary" });
      await leaveGapOf(pool, table, "aa");
      await table.insert(pool, "bb", 1);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["2"]);
      expect(await noopIds(pool, table)).toEqual(["1"]);
    });
  });

  describe("foreign ids in a uuid column", () => {
    test.skipIf(engine.vendor === "mysql")(
      "have gaps told as unfillable, until a noop's value is named (no such type on MySQL)",
      async () => {
        const value = "00000000-0000-0000-0000-000000000000";
        expect(await stallThenName(engine, { column: "uuid", value, own: UUID })).toMatchObject(
          stalledThenClosed(UUID),
        );
      },
    );
  });

  describe("a row of type 0", () => {
    // Catches one that takes every row of type 0 for a noop: an old writer's event would vanish.
    test("is an event if its foreign id is not that of the table's noops", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      for (const foreignId of ["0", "order 7", "00", ""])
        await pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values (?, utc_timestamp(6), 0)`, [
          foreignId,
        ]);
      expect((await events(pool, table)).map(({ foreignId }) => foreignId)).toEqual(["order 7", "00", ""]);
      const named = table.clone({ gaps: { noopValues: { foreign_id: "order 7" } } });
      expect((await events(pool, named)).map(({ foreignId }) => foreignId)).toEqual(["0", "00", ""]);
    });
  });
});

interface Stalling {
  readonly column: string;
  /** A noop's foreign id. */
  readonly value: Uint8Array | string;
  /** An event's foreign id. */
  readonly own: string;
  readonly foreignIdColumn?: "binary";
}

/** Holds a stream at a gap until it says why, then closes the gap with a value named. */
async function stallThenName(
  engine: Engine,
  { column, value, own, ...options }: Stalling,
): Promise<{ stall: StallReport; delivered: ReflexEvent[]; heldStreamGoesOnAt: string[] }> {
  const stalls = new Reports<StallReport>();
  const { pool, table } = await withColumn(engine, column, { ...options, observer: { stall: stalls.add } });
  await leaveGapOf(pool, table, own);
  await table.insert(pool, own, 1);
  const held = table.stream(pool, "");
  const pending = take(held, 1);
  const stall = await stalls.first();
  const named = table.clone({ gaps: { noopValues: { foreign_id: value } } });
  const delivered = await events(pool, named);
  const heldStreamGoesOnAt = await pending;
  await held.close();
  return { stall, delivered, heldStreamGoesOnAt };
}

function stalledThenClosed(own: string): object {
  const message: unknown = expect.stringContaining("gaps.noopValues");
  return {
    stall: { reason: "unfillable", prev: "0", next: "2", message },
    delivered: [{ id: "2", foreignId: own }],
    // It does not know that noop for one, and what may be an event is not left out.
    heldStreamGoesOnAt: ["1"],
  };
}

async function withColumn(
  engine: Engine,
  column: string,
  options: EventsTableOptions = {},
): Promise<{ pool: Awaited<ReturnType<Engine["createRawPool"]>>; table: EventsTable }> {
  const pool = await engine.createRawPool();
  const table = await makeTable(pool, options);
  await pool.query(`alter table ${table.name} modify foreign_id ${column} not null`);
  return { pool, table };
}

async function events(pool: EnginePool, table: EventsTable): Promise<ReflexEvent[]> {
  const delivered: ReflexEvent[] = [];
  for await (const event of table.stream(pool, "", { toHead: true })) delivered.push(event);
  return delivered;
}

async function leaveGapOf(
  pool: Awaited<ReturnType<Engine["createRawPool"]>>,
  table: EventsTable,
  foreignId: string,
): Promise<void> {
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  await table.insert(connection, foreignId, 1);
  await connection.rollback();
  connection.release();
}
