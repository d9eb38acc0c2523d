import type { Pool } from "mysql2/promise";
import { CursorsTable, createTables, EventsTable, type EventsTableOptions, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { STALL_AFTER_MS } from "../../../src/database/sessions/long-wait.ts";
import type { StallReport } from "../../../src/reflex/observer.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import {
  eventIds,
  idRange,
  insertAroundGap,
  leaveGap,
  noopIds,
  Reports,
  storedRows,
} from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

const settings: readonly { what: string; flags: readonly string[]; onlyOn?: "mariadb"; because?: string }[] = [
  {
    what: "READ-UNCOMMITTED as its default level and the AUTO-INC lock for bulk inserts",
    flags: ["--transaction-isolation=READ-UNCOMMITTED", "--innodb-autoinc-lock-mode=1"],
  },
  {
    what: "SERIALIZABLE as its default level and the AUTO-INC lock for every insert",
    flags: ["--transaction-isolation=SERIALIZABLE", "--innodb-autoinc-lock-mode=0"],
  },
  { what: "a binary log of statements", flags: ["--log-bin=binlog", "--server-id=1", "--binlog-format=STATEMENT"] },
  { what: "autocommit off and no SQL mode", flags: ["--autocommit=0", "--sql-mode="] },
  {
    what: "ANSI quotes and the strictest SQL mode",
    flags: ["--sql-mode=ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES"],
  },
  {
    what: "table names in lower case",
    flags: ["--lower-case-table-names=1"],
    onlyOn: "mariadb",
    because: "MySQL takes lower_case_table_names only when its data folder is made",
  },
  { what: "ids in steps of 3", flags: ["--auto-increment-increment=3", "--auto-increment-offset=2"] },
];

describeEachServer((engine) => {
  const { vendor } = engine;
  describe("a server with", () => {
    // Catches statements that rely on a level, mode or quote of the server; a noop that moves the table's counter; noops
    // that are refused in statement format (error 1665); reads in a transaction that nobody ends.
    test.for(settings)("$what has its gaps closed and its cursors written", async (setting, { skip }) => {
      const { flags, onlyOn, because } = setting;
      if (onlyOn !== undefined && onlyOn !== vendor) skip(because);
      await using server = await startServerWithPools({ vendor, flags });
      const { pool } = server;
      const table = new EventsTable("Order_Events", { metadataField: "metadata" });
      const cursors = new CursorsTable("cursors", { asyncPeriodMs: 0 });
      await createTables(pool, [table, cursors]);
      const stream = table.stream(pool, "");
      const delivered: string[] = [];
      const receive = async (count: number): Promise<void> => {
        for (let left = count; left > 0; left--) delivered.push((await stream.next()).value?.foreignId ?? "none");
      };

      await table.insert(pool, "one", 1);
      const open = await openInsert(pool, table, ["rolled back 1", "rolled back 2"]);
      await table.insertWithMetadata(pool, "two \"quoted\\\" 'text'", 1, "m");
      await receive(1);
      const waiting = receive(1);
      await expect(Promise.race([waiting, nothingWithin(100)])).resolves.toBe("nothing");
      await open.rollback();
      await waiting;
      await transaction(pool, async (tx) => {
        await table.insertMany(tx, [
          { foreignId: "three", type: 1 },
          { foreignId: "four", type: 1 },
        ]);
      });
      await receive(2);
      expect(delivered).toEqual(["one", "two \"quoted\\\" 'text'", "three", "four"]);

      const last = Number(stream.position);
      expect((await storedRows(pool, table)).map(({ id }) => id)).toEqual(idRange(1, last));
      // Gaps that the server's own steps leave are closed like those of rollbacks, and no event is taken for one.
      expect(await noopIds(pool, table)).toHaveLength(last - 4);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toHaveLength(4);
      expect(await table.stream(pool, "", { fromHead: true }).start()).toBe(stream.position);

      const store = cursors.toStore(pool);
      await store.setCursor("mailer", stream.position);
      await store.flush();
      expect(await cursors.clone().toStore(pool).getCursor("mailer")).toBe(stream.position);
      await stream.close();
    });

    // Catches polls at the server's default level, which deliver a row that then rolls back.
    test("READ-UNCOMMITTED as its default level never gets a row delivered that rolls back", async () => {
      await using server = await startServerWithPools({ vendor, flags: ["--transaction-isolation=READ-UNCOMMITTED"] });
      const { pool } = server;
      const table = await makeTable(pool, { wake: { hotMs: 1, idleMs: 1 } });
      const stream = table.stream(pool, "");
      await stream.start();
      const pending = take(stream, 1);
      for (let round = 0; round < 5; round++) {
        const open = await openInsert(pool, table, ["a", "b"]);
        await expect(Promise.race([pending, nothingWithin(40)])).resolves.toBe("nothing");
        await open.rollback();
      }
      const toHead = await rest(table.stream(pool, "", { toHead: true }));
      expect(toHead).toEqual([]);
      await table.insert(pool, "kept", 1);
      expect(await pending).toEqual(["11"]);
      await stream.close();
    });

    // Catches reads or noops on a connection as the pool lends it, whose snapshot shows no new rows and whose
    // transaction nobody commits.
    test("connections left in transactions with old snapshots has new rows read and noops committed", async () => {
      await using server = await startServerWithPools({ vendor });
      const { pool } = server;
      const table = await makeTable(pool);
      const leaky = server.openPool({ connectionLimit: 8 });
      const connections = await Promise.all(Array.from({ length: 8 }, () => leaky.getConnection()));
      for (const connection of connections) {
        await connection.query("set session transaction isolation level repeatable read");
        await connection.query("start transaction with consistent snapshot");
        await connection.query(`select count(*) from ${table.name}`);
        connection.release();
      }
      await leaveGap(pool, table);
      await table.insert(leaky, "new", 1);
      const stream = table.stream(leaky, "");
      expect(await take(stream, 1)).toEqual(["2"]);
      await table.insert(pool, "newer", 1);
      expect(await take(stream, 1)).toEqual(["3"]);
      expect(await eventIds(pool, table)).toEqual(["2", "3"]);
      expect(await noopIds(pool, table)).toEqual(["1"]);
      await stream.close();
    });
  });

  // Side by side, since one waits for 5 s until a stall is told.
  describe.concurrent("a pool of", () => {
    async function tableWithGap(pool: Pool, options: EventsTableOptions): Promise<EventsTable> {
      const table = await makeTable(pool, options);
      await insertAroundGap(pool, table);
      return table;
    }

    // Catches a stream that waits for ever, without a word, for connections that it holds itself.
    test("one connection is warned of once, and a gap's stall names it within 5 s", async () => {
      const [pool, small] = [await engine.createRawPool(), await engine.createRawPool({ connectionLimit: 1 })];
      const warnings: string[] = [];
      const stalls = new Reports<StallReport>();
      const logger = { warn: (message: string) => void warnings.push(message) };
      const table = await tableWithGap(pool, {
        logger,
        observer: { stall: stalls.add },
        acquireTimeoutMs: STALL_AFTER_MS + 500,
      });
      const stream = table.stream(small, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", prev: "1", next: "3", reason: "no_connection" });
      expect(stall.message).toMatch(/pool \(of 1\)/);
      // It has a connection to read with, so that it goes on when another process closes the gap.
      const filler = table.clone({ logger }).stream(pool, "1");
      expect(await take(filler, 1)).toEqual(["3"]);
      expect(await pending).toEqual(["3"]);
      // With gaps of its own, a stream has a reader of its own.
      await table.stream(small, "3", { toHead: true, gaps: {} }).start();
      await Promise.all([stream.close(), filler.close()]);
      expect(warnings.filter((message) => message.includes("a pool of 1 "))).toHaveLength(1);
      expect(warnings.filter((message) => message.includes("a pool of 10"))).toEqual([]);
    });

    // Catches a noopInserter that keeps the probe's connection from it, and the other way about.
    test("two connections is warned of, and gaps are closed all the same", async () => {
      const [pool, small] = [await engine.createRawPool(), await engine.createRawPool({ connectionLimit: 2 })];
      const warnings: string[] = [];
      const table = await tableWithGap(pool, { logger: { warn: (message) => void warnings.push(message) } });
      const stream = table.stream(small, "");
      expect(await take(stream, 2)).toEqual(["1", "3"]);
      await leaveGap(pool, table);
      await table.insert(pool, "e", 1);
      expect(await take(stream, 1)).toEqual(["5"]);
      await stream.close();
      expect(warnings).toEqual([expect.stringContaining("a pool of 2")]);
    });
  });
});
