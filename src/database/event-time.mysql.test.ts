import type { RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../test/support/servers/engines.ts";
import type { TimeStorage } from "./dialect.ts";
import { toDatabase } from "./handles/recognise.ts";
import { mysqlDialect } from "./mysql-dialect.ts";

const storages: { name: string; storage: TimeStorage; type: string; stepMicros: number }[] = [
  { name: "datetime(6)", storage: { column: "datetime6", zone: undefined }, type: "datetime(6)", stepMicros: 1 },
  { name: "datetime", storage: { column: "datetime", zone: undefined }, type: "datetime", stepMicros: 1_000_000 },
  { name: "timestamp(6)", storage: { column: "timestamp", zone: undefined }, type: "timestamp(6)", stepMicros: 1 },
  { name: "timestamp", storage: { column: "timestamp", zone: undefined }, type: "timestamp", stepMicros: 1_000_000 },
  {
    name: "datetime(6) of a clock at +02:00",
    storage: { column: "datetime6", zone: "+02:00" },
    type: "datetime(6)",
    stepMicros: 1,
  },
];

// The second lies in the hour that New York's clocks leave out, the third and fourth in the one that they show twice.
const instants = [
  "2026-01-01T00:00:00.000000Z",
  "2026-03-08T02:30:00.123456Z",
  "2026-11-01T05:30:00.000001Z",
  "2026-11-01T06:30:00.999999Z",
  "2037-12-31T23:59:59.999999Z",
];

function microsOf(instant: string): bigint {
  const fraction = instant.slice(20, 26);
  return BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1000n + BigInt(fraction);
}

describeEachEngine((engine) => {
  const zoneBefore = process.env["TZ"];

  beforeAll(async () => {
    process.env["TZ"] = "America/New_York";
    const raw = await engine.createRawPool();
    for (const [index, { type }] of storages.entries()) {
      await raw.query(`create table timed_${index} (id int primary key auto_increment, at ${type} null)`);
    }
  });

  afterAll(() => {
    if (zoneBefore === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zoneBefore;
  });

  async function createPoolInZone(zone: string): Promise<EnginePool> {
    const pool = await engine.createPool({ connectionLimit: 1 });
    const connection = (await pool.getConnection()) as { query(sql: string): Promise<unknown>; release(): unknown };
    await connection.query(`set session time_zone = '${zone}'`);
    await connection.release();
    const [row] = await toDatabase(pool).rows<{ zone: string }>("select @@session.time_zone as zone", []);
    expect(row?.zone).toBe(zone);
    expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(300);
    return pool;
  }

  describe.each(["+05:00", "+00:00", "-11:30"])("in a session at %s and a process in New York", (zone) => {
    test.each(storages.map((entry, index) => ({ ...entry, index })))(
      "a stored $name is read as the exact instant",
      async ({ storage, index, stepMicros }) => {
        const raw = await engine.createRawPool({ connectionLimit: 1 });
        await raw.query("set session time_zone = '+00:00'");
        await raw.query(`delete from timed_${index}`);
        for (const instant of instants) {
          const text = `${instant.slice(0, 10)} ${instant.slice(11, stepMicros === 1 ? 26 : 19)}`;
          const shift = storage.zone === undefined ? "" : " + interval 2 hour";
          await raw.query(`insert into timed_${index} (at) values (timestamp'${text}'${shift})`);
        }
        const pool = await createPoolInZone(zone);
        const micros = mysqlDialect.eventMicros("at", storage);
        const sql = `select ${mysqlDialect.asText(micros)} as micros from timed_${index} order by id`;
        const rows = await toDatabase(pool).rows<{ micros: string }>(sql, []);
        const step = BigInt(stepMicros);
        expect(rows.map((row) => BigInt(row.micros))).toEqual(
          instants.map((instant) => (microsOf(instant) / step) * step),
        );
        await pool.end();
      },
    );

    test.each(storages.map((entry, index) => ({ ...entry, index })))(
      "the server's own time is written to a $name, between its clock before and after",
      async ({ storage, index, stepMicros }) => {
        const pool = await createPoolInZone(zone);
        const database = toDatabase(pool);
        const now = async (): Promise<bigint> => {
          const sql = `select ${mysqlDialect.asText(mysqlDialect.nowMicros)} as micros`;
          const [row] = await database.rows<{ micros: string }>(sql, []);
          return BigInt(row?.micros ?? -1);
        };
        const before = await now();
        const insert = `insert into timed_${index} (at) values (${mysqlDialect.eventTime(storage)})`;
        const { insertId } = await database.run(insert, []);
        const after = await now();
        const micros = mysqlDialect.asText(mysqlDialect.eventMicros("at", storage));
        const sql = `select ${micros} as micros from timed_${index} where id = ?`;
        const [row] = await database.rows<{ micros: string }>(sql, [insertId]);
        const written = BigInt(row?.micros ?? -1);
        // A column of whole seconds: utc_timestamp() cuts the fraction off, storing now(6) in it rounds.
        const slack = stepMicros === 1 ? 0n : BigInt(stepMicros);
        expect(written).toBeGreaterThanOrEqual(before - slack);
        expect(written).toBeLessThanOrEqual(after + slack);
        await pool.end();
      },
    );

    test("the server's clock is that of the machine that it runs on", async () => {
      const pool = await createPoolInZone(zone);
      const sql = `select ${mysqlDialect.asText(mysqlDialect.nowMicros)} as micros, cast(${mysqlDialect.utcNow} as char) as text`;
      const [row] = await toDatabase(pool).rows<{ micros: string; text: string }>(sql, []);
      expect(Math.abs(Number(row?.micros) / 1000 - Date.now())).toBeLessThan(10_000);
      expect(Math.abs(Date.parse(`${row?.text.replace(" ", "T")}Z`) - Date.now())).toBeLessThan(10_000);
      await pool.end();
    });
  });

  test("a missing time is read as null, not as an instant", async () => {
    const raw = await engine.createRawPool();
    await raw.query("create table timeless (at datetime(6) null)");
    await raw.query("insert into timeless values (null)");
    for (const { storage } of storages) {
      const [rows] = await raw.query<RowDataPacket[]>(
        `select ${mysqlDialect.eventMicros("at", storage)} as micros from timeless`,
      );
      expect(rows).toEqual([{ micros: null }]);
    }
  });
});
