import { createPool, type Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { MOST_IDS_A_ROUND } from "../../../src/tables/position/missing-ids.ts";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { startTcpProxy } from "../../support/servers/tcp-proxy.ts";
import { idRange, leaveGap, storedRows } from "../../support/streams/gaps.ts";
import { makeTable, rest, take } from "../../support/streams/streams.ts";

const QUERY = 3;
const EXECUTE = 23;

describeEachServer((engine) => {
  describe("a large gap", () => {
    // Catches one that inserts noops id by id, and one whose every id costs more than the one before.
    test.each([MOST_IDS_A_ROUND / 2, MOST_IDS_A_ROUND])(
      "of %i ids is closed in three statements: probe, check and insert",
      async (size) => {
        await withCountedPrimary(engine, async (counted, countStatements) => {
          const pool = await engine.createRawPool();
          const table = await makeTable(pool, { gaps: { primary: counted, graceMs: 0 } });
          const stream = table.stream(pool, "");
          // A small gap first, so that what sets the connections up is not counted.
          await leaveGap(pool, table);
          await table.insert(pool, "first", 1);
          expect(await take(stream, 1)).toEqual(["2"]);
          const statements = await countStatements(async () => {
            await jump(pool, table, 3 + size);
            expect(await take(stream, 1)).toEqual([String(3 + size)]);
          });
          expect(await storedRows(pool, table)).toHaveLength(3 + size);
          expect(statements).toBe(3);
          await stream.close();
        });
      },
    );

    // Catches one that stops after its first round, or that inserts noops above the row that bounds the gap.
    test("of more ids than a round closes is closed in several, every id once", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "first", 1);
      const last = Math.round(2.5 * MOST_IDS_A_ROUND) + 2;
      await jump(pool, table, last);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1", String(last)]);
      const rows = await storedRows(pool, table);
      expect(rows.map(({ id }) => id)).toEqual(idRange(1, last));
      expect(rows.filter(({ type }) => type !== 0).map(({ id }) => id)).toEqual(["1", String(last)]);
    });

    // Catches one that begins to fill what would take hours, and one that moves on without saying so.
    test("of 50 000 000 ids ends the stream at once, with nothing inserted and the cursor before it", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "first", 1);
      await jump(pool, table, 50_000_002);
      const stream = table.stream(pool, "", { toHead: true });
      const delivered: string[] = [];
      await expect(
        (async () => {
          for await (const event of stream) delivered.push(event.id);
        })(),
      ).rejects.toMatchObject({
        code: "gap_too_large",
        message: expect.stringContaining("50000001"),
        details: { table: table.name, prev: "1", next: "50000002" },
      });
      expect(delivered).toEqual(["1"]);
      expect(stream.position).toBe("1");
      expect(await storedRows(pool, table)).toHaveLength(2);
    });

    // Catches a remedy that leads into the next fault: where no row is, no stream may start.
    test("is passed in the way that its error tells", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { gaps: { maxIds: 100 } });
      await table.insert(pool, "first", 1);
      await jump(pool, table, 1000);
      const error: unknown = await rest(table.stream(pool, "1", { toHead: true })).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain("with id 999 and set the consumer's cursor to 999");
      await pool.query(
        `insert into ${table.name} (id, foreign_id, timestamp, type) values (999, '0', utc_timestamp(6), 0)`,
      );
      expect(await rest(table.stream(pool, "999", { toHead: true }))).toEqual(["1000"]);
    });

    // Catches an option that is off by one, or that counts rows instead of missing ids.
    test("is closed up to gaps.maxIds ids, and not beyond", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { gaps: { maxIds: 100 } });
      await table.insert(pool, "first", 1);
      await jump(pool, table, 102);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1", "102"]);
      await jump(pool, table, 204);
      await expect(rest(table.stream(pool, "102", { toHead: true }))).rejects.toMatchObject({ code: "gap_too_large" });
    });
  });
});

/** Inserts an event with this id, as one that a jump of the counter leaves. */
async function jump(pool: Pool, table: EventsTable, id: number): Promise<void> {
  await pool.query(`alter table ${table.name} auto_increment = ${id}`);
  await table.insert(pool, "beyond", 1);
}

type CountStatements = (work: () => Promise<void>) => Promise<number>;

/** A pool whose statements are counted: what is read through another pool is not among them. */
async function withCountedPrimary(
  engine: Engine,
  use: (pool: Pool, countStatements: CountStatements) => Promise<void>,
): Promise<void> {
  await using proxy = await startTcpProxy(engine.socketPath);
  const pool = createPool(proxy.url(engine.database));
  await use(pool, async (work) => {
    let statements = 0;
    const stop = proxy.onCommand((packet) => {
      if (packet[0] === QUERY || packet[0] === EXECUTE) statements++;
    });
    await work();
    stop();
    return statements;
  });
  await pool.end();
}
