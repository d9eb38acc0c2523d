import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { type EventsTable, type EventsTableOptions, transaction } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { type ServerWithPools, startServerWithPools } from "../../../test/support/servers/server-with-pools.ts";
import { makeTable, rest } from "../../../test/support/streams/streams.ts";

const MICROS = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6))";

// In Berlin, the second and third are both 02:30 on the clock; in New York, the fourth is in the hour that is left out.
const instants = [
  "2026-07-01T12:00:00.000001Z",
  "2026-10-25T00:30:00.123456Z",
  "2026-10-25T01:30:00.654321Z",
  "2026-03-08T02:30:00.999999Z",
];

function seconds(instant: string): string {
  return `${Date.parse(`${instant.slice(0, 19)}Z`) / 1000}.${instant.slice(20, 26)}`;
}

/** Europe/Berlin in the years of these tests, as the system's own zone files would load it. */
async function loadBerlin(pool: Pool): Promise<void> {
  const [result] = await pool.query("insert into mysql.time_zone (use_leap_seconds) values ('N')");
  const { insertId } = result as { insertId: number };
  await pool.query("insert into mysql.time_zone_name values ('Europe/Berlin', ?)", [insertId]);
  const types = "insert into mysql.time_zone_transition_type values (?, 0, 3600, 0, 'CET'), (?, 1, 7200, 1, 'CEST')";
  await pool.query(types, [insertId, insertId]);
  const changes = ["2025-10-26T01:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2027-03-28T01:00:00Z"];
  for (const [index, change] of changes.entries()) {
    const at = Date.parse(change) / 1000;
    await pool.query("insert into mysql.time_zone_transition values (?, ?, ?)", [insertId, at, index % 2]);
  }
}

/** Inserts an event at each instant, as if the server's clock stood there; resolves with what that clock said. */
async function insertAtInstants(pool: Pool, table: EventsTable): Promise<number[]> {
  const clocks: number[] = [];
  for (const instant of instants) {
    await transaction(pool, async (tx: PoolConnection) => {
      await tx.query(`set session timestamp = ${seconds(instant)}`);
      const [[clock]] = await tx.query<RowDataPacket[]>(`select ${MICROS} as micros`);
      clocks.push(Number(clock?.["micros"]));
      await table.insert(tx, instant, 1);
      await tx.query("set session timestamp = default");
    });
  }
  return clocks;
}

async function deliveredMicros(pool: Pool, table: EventsTable): Promise<number[]> {
  const micros: number[] = [];
  for await (const event of table.stream(pool, "", { toHead: true })) micros.push(event.timestampMicros);
  return micros;
}

describeEachServer((engine) => {
  const zoneBefore = process.env["TZ"];
  let server: ServerWithPools;

  beforeAll(async () => {
    process.env["TZ"] = "America/New_York";
    // Zones by name need tables that only an initialised server has.
    server = await startServerWithPools({ vendor: engine.vendor, durable: true });
    await loadBerlin(server.pool);
  });

  afterAll(async () => {
    if (zoneBefore === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zoneBefore;
    await server[Symbol.asyncDispose]();
  });

  /** A pool that sets up each of its connections, as programs do. */
  function poolInZone(zone: string): Pool {
    const pool = server.openPool();
    pool.pool.on("connection", (connection) => {
      connection.query(`set session time_zone = '${zone}'`);
    });
    return pool;
  }

  const storages: { what: string; options: EventsTableOptions; stepMicros: number; notInOverlap?: boolean }[] = [
    { what: "datetime(6)", options: {}, stepMicros: 1 },
    { what: "datetime", options: { timeColumn: "datetime" }, stepMicros: 1_000_000 },
    { what: "timestamp(6)", options: { timeColumn: "timestamp" }, stepMicros: 1 },
    { what: "datetime(6) of a clock at +02:00", options: { storedZone: "+02:00" }, stepMicros: 1 },
    {
      what: "datetime(6) of a clock in Berlin",
      options: { storedZone: "Europe/Berlin" },
      stepMicros: 1,
      notInOverlap: true,
    },
  ];

  describe.each(["+05:00", "Europe/Berlin"])("a session in %s and a process in New York", (zone) => {
    // Catches now() into a DATETIME, dates that the driver makes by the zone of the process, milliseconds.
    test.each(storages)("write and read the server's clock exactly as $what", async (storage) => {
      const { options, stepMicros, notInOverlap } = storage;
      expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(300);
      const pool = poolInZone(zone);
      const [[session]] = await pool.query<RowDataPacket[]>("select @@session.time_zone as zone");
      expect(session?.["zone"]).toBe(zone);
      const table = await makeTable(pool, options);
      const clocks = await insertAtInstants(pool, table);
      const expected = clocks.map((micros) => Math.floor(micros / stepMicros) * stepMicros);
      // MySQL converts now() to UTC by the session's own clock, which shows this hour twice.
      const anHourOff = engine.vendor === "mysql" && zone === "Europe/Berlin" && options.timeColumn === "timestamp";
      if (anHourOff) expected[2] = (expected[2] ?? 0) - 3_600_000_000;
      expect(clocks.map((micros) => micros % 1_000_000)).toEqual([1, 123_456, 654_321, 999_999]);
      const delivered = await deliveredMicros(pool, table);
      // One reading of a clock that shows an hour twice can't tell which it was: one of the two is an hour off.
      if (notInOverlap) delivered[1] = expected[1] ?? 0;
      if (notInOverlap) delivered[2] = expected[2] ?? 0;
      expect(delivered).toEqual(expected);
      await pool.end();
    });
  });

  describe("a time column", () => {
    // Catches DATETIME without digits taken silently, into which MySQL rounds half a second up.
    test("of whole seconds is wrong_schema unless it was named", async () => {
      const { pool } = server;
      const table = await makeTable(pool, { timeColumn: "datetime" });
      await expect(table.clone({ timeColumn: "datetime6" }).stream(pool, "").start()).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringMatching(/timestamp is datetime .*timeColumn/) as string,
      });
      await expect(table.clone({ timeColumn: "timestamp" }).stream(pool, "").start()).rejects.toMatchObject({
        code: "wrong_schema",
      });
    });

    // Catches utc_timestamp(6) into DATETIME(0) on MySQL.
    test("of whole seconds never has an event from the future", async () => {
      const { pool } = server;
      const table = await makeTable(pool, { timeColumn: "datetime" });
      const clocks: number[] = [];
      for (const fraction of ["499999", "500000", "999999"]) {
        await transaction(pool, async (tx) => {
          await tx.query(`set session timestamp = 1790000000.${fraction}`);
          const [[clock]] = await tx.query<RowDataPacket[]>(`select ${MICROS} as micros`);
          clocks.push(Number(clock?.["micros"]));
          await table.insert(tx, fraction, 1);
          await tx.query("set session timestamp = default");
        });
      }
      const delivered = await deliveredMicros(pool, table);
      for (const [index, micros] of delivered.entries()) {
        expect(micros).toBeLessThanOrEqual(clocks[index] ?? 0);
        expect((clocks[index] ?? 0) - micros).toBeLessThan(1_000_000);
      }
    });
  });

  describe("a stored zone that the server does not know", () => {
    // Catches times of 1970 or NaN, where convert_tz answers null.
    test("fails the insert and ends the stream with an error that says what to load", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { storedZone: "Europe/Berlin" });
      await expect(table.insert(pool, "a", 1)).rejects.toMatchObject({ name: "ReflexError" });
      const sound = table.clone({ storedZone: undefined });
      expect(await rest(sound.stream(pool, "", { toHead: true }))).toEqual([]);
      await sound.insert(pool, "b", 1);
      await expect(table.stream(pool, "").next()).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringMatching(/Europe\/Berlin/) as string,
      });
    });
  });
});
