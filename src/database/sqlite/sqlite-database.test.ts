import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Gate } from "../../../test/support/waiting/gate.ts";
import { type SqliteDatabase, sqliteDatabase } from "./sqlite-database.ts";
import type { SqliteTransaction } from "./sqlite-transaction.ts";

type Handle = Database.Database;
const insert = "insert into events (name) values (?)";
const select = "select cast(id as text) as event, name from events order by id";

let folder: string;
let handles: Handle[];
let databases: SqliteDatabase<Handle>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sqlite-database-"));
  handles = [];
  databases = [];
});
afterEach(() => {
  for (const database of databases) database.close();
  for (const handle of handles) if (handle.open) handle.close();
  rmSync(folder, { recursive: true });
});

function openHandle(where: "file" | "memory" = "file"): Handle {
  const handle = new Database(where === "file" ? join(folder, "events.db") : ":memory:");
  handle.exec("create table if not exists events (id integer primary key autoincrement, name text not null)");
  handles.push(handle);
  return handle;
}

function openDatabase(where: "file" | "memory" = "file"): { handle: Handle; database: SqliteDatabase<Handle> } {
  const handle = openHandle(where);
  const database = sqliteDatabase(handle);
  databases.push(database);
  return { handle, database };
}

const refused = expect.objectContaining({ name: "TypeError", code: "invalid_argument" });

describe.each(["file", "memory"] as const)("a database in %s", (where) => {
  test("never shows a row that rolls back, whose id is given again", async () => {
    // What happens on the handle itself: a ghost with the id of the later, real event.
    const { handle, database } = openDatabase(where);
    handle.exec("begin immediate");
    handle.exec("insert into events (name) values ('ghost')");
    expect(handle.prepare(select).all()).toEqual([{ event: "1", name: "ghost" }]);
    handle.exec("rollback");

    const inserted = new Gate();
    const end = new Gate();
    const rolledBack = database.transaction(async (tx) => {
      expect((await tx.run(insert, ["ghost"])).insertId).toBe("1");
      inserted.open();
      await end.opened;
      throw new Error("roll back");
    });
    await inserted.opened;
    const seen: object[] = [];
    const read = database.rows(select, []).then((rows) => seen.push(...rows));
    const readBySession = database.session((session) => session.rows(select, [])).then((rows) => seen.push(...rows));
    await delay(20);
    end.open();
    await expect(rolledBack).rejects.toThrow("roll back");
    await Promise.all([read, readBySession]);
    expect(seen).toEqual([]);
    expect((await database.run(insert, ["real"])).insertId).toBe("1");
    expect(await database.rows(select, [])).toEqual([{ event: "1", name: "real" }]);
  });

  test("never shows a row of a transaction begun by hand before its commit", async () => {
    const { handle, database } = openDatabase(where);
    handle.exec("begin immediate");
    handle.exec("insert into events (name) values ('ghost')");
    const early = database.rows(select, [], { timeoutMs: 5000 });
    await delay(10);
    handle.exec("rollback");
    expect(await early).toEqual([]);
    handle.exec("begin immediate");
    await expect(database.run(insert, ["lost"])).rejects.toThrow(refused);
    await expect(database.transaction(async () => undefined)).rejects.toThrow("transaction()");
    handle.exec("rollback");
    await database.run(insert, ["real"]);
    expect(await database.rows(select, [])).toEqual([{ event: "1", name: "real" }]);
  });

  test("shows what was committed, with the transaction's own statements on the handle", async () => {
    const { handle, database } = openDatabase(where);
    const result = await database.transaction(async (tx) => {
      await tx.run(insert, ["a"]);
      tx.handle.exec("insert into events (name) values ('b')");
      expect(await tx.rows(select, [])).toHaveLength(2);
      return "done";
    });
    expect(result).toBe("done");
    expect(handle.inTransaction).toBe(false);
    expect(await database.rows(select, [])).toEqual([
      { event: "1", name: "a" },
      { event: "2", name: "b" },
    ]);
    await database.session((session) => session.run(insert, ["c"]));
    expect(await database.rows(select, [])).toHaveLength(3);
  });

  test("rolls back when use throws, synchronously too, and rethrows the same error", async () => {
    const { handle, database } = openDatabase(where);
    const error = new Error("no");
    const use = async (tx: SqliteTransaction<Handle>): Promise<void> => {
      await tx.run(insert, ["a"]);
      throw error;
    };
    await expect(database.transaction(use)).rejects.toBe(error);
    const throwing = (): Promise<void> => {
      handle.exec("insert into events (name) values ('b')");
      throw error;
    };
    await expect(database.transaction(throwing)).rejects.toBe(error);
    expect(handle.inTransaction).toBe(false);
    expect(await database.rows(select, [])).toEqual([]);
  });

  test("refuses its use inside of its own transaction at once", async () => {
    const { database } = openDatabase(where);
    await database.transaction(async (tx) => {
      await expect(database.rows(select, [])).rejects.toThrow("pass the tx");
      await expect(database.run(insert, ["a"])).rejects.toThrow(refused);
      await expect(database.session(async () => undefined)).rejects.toThrow(refused);
      await expect(database.transaction(async () => undefined)).rejects.toThrow(refused);
      await tx.run(insert, ["b"]);
    });
    expect(await database.rows(select, [])).toHaveLength(1);
  });

  test("may be used by what a transaction left behind, once it has ended", async () => {
    const { database } = openDatabase(where);
    const ended = new Gate();
    let later: Promise<object[]> = Promise.resolve([]);
    await database.transaction(async () => {
      later = ended.opened.then(() => database.rows(select, []));
    });
    ended.open();
    expect(await later).toEqual([]);
  });

  test("runs concurrent transactions one after the other", async () => {
    const { database } = openDatabase(where);
    const order: string[] = [];
    const use = async (name: string, tx: SqliteTransaction<Handle>): Promise<void> => {
      order.push(`${name} begins`);
      const [row] = await tx.rows<{ n: number }>("select count(*) as n from events", []);
      await new Promise(setImmediate);
      await tx.run(insert, [`${name}${row?.n}`]);
      order.push(`${name} ends`);
    };
    await Promise.all(["a", "b", "c"].map((name) => database.transaction((tx) => use(name, tx))));
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    expect((await database.rows<{ name: string }>(select, [])).map(({ name }) => name)).toEqual(["a0", "b1", "c2"]);
  });

  test("refuses a tx whose transaction has ended", async () => {
    const { database } = openDatabase(where);
    let kept: SqliteTransaction<Handle> | undefined;
    await database.transaction(async (tx) => {
      kept = tx;
    });
    await expect(kept?.run(insert, ["a"])).rejects.toThrow("has ended");
    await expect(kept?.rows(select, [])).rejects.toThrow(refused);
    expect(await database.rows(select, [])).toEqual([]);
  });

  test("notices that the transaction was ended on the handle", async () => {
    const { database } = openDatabase(where);
    const lost = database.transaction(async (tx) => {
      tx.handle.exec("rollback");
      await expect(tx.run(insert, ["alone"])).rejects.toMatchObject({ code: "transaction_lost" });
    });
    await expect(lost).rejects.toMatchObject({ code: "transaction_lost" });
    expect(await database.rows(select, [])).toEqual([]);
  });

  test("a read-only transaction refuses writes, and the handle takes them again afterwards", async () => {
    const { database } = openDatabase(where);
    const write = database.transaction((tx) => tx.run(insert, ["a"]), { readOnly: true });
    await expect(write).rejects.toMatchObject({ code: "SQLITE_READONLY" });
    await database.transaction((tx) => tx.rows(select, []), { readOnly: true });
    expect((await database.run(insert, ["a"])).insertId).toBe("1");
  });

  test("an abort while waiting for the turn rejects with the reason and lets the others pass", async () => {
    const { database } = openDatabase(where);
    const end = new Gate();
    const first = database.transaction(() => end.opened);
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = database.transaction(async () => undefined, { signal: controller.signal });
    const late = database.run(insert, ["late"], { timeoutMs: 10 });
    const next = database.run(insert, ["next"]);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(late).rejects.toMatchObject({ code: "time_limit" });
    end.open();
    await Promise.all([first, next]);
    expect(await database.rows(select, [])).toEqual([{ event: "1", name: "next" }]);
  });

  test("an abort or limit during use rolls back once use has settled", async () => {
    const { database } = openDatabase(where);
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborting = async (tx: SqliteTransaction<Handle>): Promise<void> => {
      await tx.run(insert, ["a"]);
      controller.abort(reason);
    };
    await expect(database.transaction(aborting, { signal: controller.signal })).rejects.toBe(reason);
    const slow = database.transaction(
      async (tx) => {
        await tx.run(insert, ["a"]);
        await delay(20);
      },
      { timeoutMs: 5 },
    );
    await expect(slow).rejects.toMatchObject({ code: "time_limit" });
    expect(await database.rows(select, [])).toEqual([]);
  });

  test("is one and the same for one handle, and refuses it once closed", async () => {
    const { handle, database } = openDatabase(where);
    expect(sqliteDatabase(handle)).toBe(database);
    expect(sqliteDatabase(openHandle(where))).not.toBe(database);
    await database.rows(select, []);
    handle.close();
    await expect(database.rows(select, [])).rejects.toThrow(refused);
    await expect(database.run(insert, ["a"])).rejects.toThrow(refused);
    expect(() => database.dataVersion()).toThrow("closed");
  });

  test("the error of use wins when the handle was closed within", async () => {
    const { handle, database } = openDatabase(where);
    const use = async (): Promise<void> => {
      handle.close();
      throw new Error("first");
    };
    await expect(database.transaction(use)).rejects.toThrow("first");
  });
});
