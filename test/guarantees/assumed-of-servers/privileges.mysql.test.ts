import type { Pool } from "mysql2/promise";
import { createTables, EventsTable, fillGaps } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StallReport } from "../../../src/reflex/observer.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { DATABASE, type ServerWithPools, startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { insertAroundGap, Reports, storedTypes } from "../../support/streams/gaps.ts";
import { nothingWithin, openInsert, take } from "../../support/streams/streams.ts";

describeEachServer(({ vendor }) => {
  let server: ServerWithPools;
  let root: Pool;
  let users = 0;

  // Privileges count only where there are grant tables.
  beforeAll(async () => {
    server = await startServerWithPools({ vendor, durable: true });
    root = server.pool;
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** A pool of a new user who has just these privileges on the table, and others on the table `other`. */
  async function poolWith(privileges: string, table: EventsTable): Promise<Pool> {
    const user = `user_${++users}`;
    await root.query(`create user ${user}@localhost`);
    await root.query("create table if not exists other (id int primary key)");
    await root.query(`grant select on ${DATABASE}.other to ${user}@localhost`);
    if (privileges !== "") await root.query(`grant ${privileges} on ${DATABASE}.${table.name} to ${user}@localhost`);
    return server.openPool({ user });
  }

  /** An event, a gap that a rollback left, and another event. */
  async function tableWithGap(name: string, options: ConstructorParameters<typeof EventsTable>[1] = {}) {
    const table = new EventsTable(name, options);
    await createTables(root, [table]);
    await insertAroundGap(root, table);
    return table;
  }

  describe("a database user", () => {
    // Catches a reader that passes the gap, that fails for ever, or that waits without a word.
    test("who may not insert has the stream hold, say so, and go on when someone else closes the gap", async () => {
      const stalls = new Reports<StallReport>();
      const table = await tableWithGap("held", { observer: { stall: stalls.add } });
      const stream = table.stream(await poolWith("select", table), "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", prev: "1", next: "3", reason: "not_writable" });
      expect(stall.message).toMatch(/INSERT/);
      expect(stall.message).toMatch(/fillGaps/);
      expect(await storedTypes(root, table)).toEqual([1, 1]);
      await expect(Promise.race([pending, nothingWithin(100)])).resolves.toBe("nothing");
      // Another process of the same service, with a user who may.
      const filler = table.clone({ observer: {} }).stream(root, "1");
      expect(await take(filler, 1)).toEqual(["3"]);
      expect(await pending).toEqual(["3"]);
      expect(stalls.all.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
      await Promise.all([stream.close(), filler.close()]);
    });

    // Catches a filler that inserts noops through the stream's own pool, or is made once and ignores fillGaps.
    test("who may not insert reads on at once where fillGaps names a pool of one who may", async () => {
      const table = await tableWithGap("filled");
      const stream = table.stream(await poolWith("select", table), "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await expect(Promise.race([pending, nothingWithin(200)])).resolves.toBe("nothing");
      fillGaps(root, table);
      expect(await pending).toEqual(["3"]);
      expect(await storedTypes(root, table)).toEqual([1, 0, 1]);
      await stream.close();
    });

    // Catches anything that needs more than the two privileges, such as SHOW REPLICA STATUS or FOR UPDATE.
    test("with no privileges but SELECT and INSERT can stream, wait for open transactions and close gaps", async () => {
      const table = await tableWithGap("plain_user");
      const pool = await poolWith("select, insert", table);
      const stream = table.stream(pool, "");
      expect(await take(stream, 2)).toEqual(["1", "3"]);
      const committed = await openInsert(root, table);
      await table.insert(pool, "e", 1);
      const pending = take(stream, 2);
      await expect(Promise.race([pending, nothingWithin(200)])).resolves.toBe("nothing");
      await committed.commit();
      expect(await pending).toEqual(["4", "5"]);
      await stream.close();
    });

    // Catches a wait with a locking read that only a user with UPDATE may run, which then ends the stream.
    test("with SELECT alone is told of the row that an open transaction holds, not of a missing privilege", async () => {
      const table = await tableWithGap("waiting");
      await root.query(
        `insert into ${table.name} (id, foreign_id, timestamp, type) values (2, '0', utc_timestamp(6), 0)`,
      );
      const open = await openInsert(root, table);
      await table.insert(root, "e", 1);
      const reasons: string[] = [];
      const watched = table.clone({ observer: { error: ({ error }) => reasons.push(String(error)) } });
      const stream = watched.stream(await poolWith("select", table), "3");
      const pending = take(stream, 2);
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      await open.commit();
      expect(await pending).toEqual(["4", "5"]);
      expect(reasons).toEqual([]);
      await stream.close();
    });

    // Catches a stream that takes a table which its user may not see for an empty one, and waits for ever.
    test.each([
      { what: "no privilege on the table", privileges: "", says: /may not see it/ },
      { what: "INSERT alone", privileges: "insert", says: /denied|may not see it/i },
      { what: "SELECT on some columns", privileges: "select (id, type)", says: /no column foreign_id|denied/i },
    ])("with $what gets an error at once that says so", async ({ privileges, says }) => {
      const table = await tableWithGap(`unseen_${users}`);
      const stream = table.stream(await poolWith(privileges, table), "");
      const error = await stream.start().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ name: "ReflexError" });
      expect(error?.message).toMatch(says);
      expect(error?.message).toContain(table.name);
    });

    // Catches an insert that is reported as if the event were stored.
    test("who may not insert gets an error from insert that names the table and the privilege's absence", async () => {
      const table = await tableWithGap("refused");
      const pool = await poolWith("select", table);
      await expect(table.insert(pool, "x", 1)).rejects.toMatchObject({
        code: "database_error",
        message: expect.stringMatching(/insert into refused: .*denied.*grant/is) as string,
      });
    });
  });
});
