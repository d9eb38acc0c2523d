import { expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { type CursorSetting, cursorSettings } from "../../../test/support/tables/cursor-setting.ts";

describeEachEngine((engine) => {
  const setUp = cursorSettings(engine);

  async function lockTable(setting: CursorSetting): Promise<() => Promise<void>> {
    const locker = await setting.raw.getConnection();
    await locker.query(`lock tables ${setting.table.name} write`);
    return async () => {
      await locker.query("unlock tables");
      locker.release();
    };
  }

  test("a flush on a locked table ends at its limit or its abort, and is written after all", async () => {
    const setting = await setUp();
    const { db, table, stored } = setting;
    await table.setCursor(db, "a", "1");
    const unlock = await lockTable(setting);
    await expect(table.flush({ timeoutMs: 50 })).rejects.toMatchObject({ code: "time_limit" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = table.flush({ signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(table.flush({ signal: controller.signal })).rejects.toBe(reason);
    await unlock();
    await table.flush();
    expect(await stored()).toEqual({ a: "1" });
  });

  test("reading and setting on a locked table end at their limit or their abort", async () => {
    const setting = await setUp({ asyncPeriodMs: 0 });
    const { db, table, stored } = setting;
    const store = table.toStore(db);
    await store.setCursor("a", "1");
    const unlock = await lockTable(setting);
    const controller = new AbortController();
    const reason = new Error("enough");
    const { signal } = controller;
    const limited = [
      store.getCursor("a", { timeoutMs: 50 }),
      store.setCursor("a", "2", { timeoutMs: 50 }),
      store.setCursor("b", "1", { timeoutMs: 50 }),
    ];
    const aborted = [
      store.getCursor("a", { signal }),
      store.setCursor("a", "2", { signal }),
      store.setCursor("b", "1", { signal }),
    ];
    const outcomes = Promise.allSettled([...limited, ...aborted]);
    await Promise.allSettled(limited);
    controller.abort(reason);
    const results = (await outcomes).map((result) =>
      result.status === "rejected" ? (result.reason as Error) : undefined,
    );
    expect(results.slice(0, 3)).toMatchObject([{ code: "time_limit" }, { code: "time_limit" }, { code: "time_limit" }]);
    expect(results.slice(3)).toEqual([reason, reason, reason]);
    await expect(store.getCursor("a", { signal })).rejects.toBe(reason);
    await expect(store.setCursor("a", "3", { signal })).rejects.toBe(reason);
    await unlock();
    await store.flush();
    expect(await stored()).toEqual({ a: "1" });
    await store.setCursor("a", "2");
    expect(await stored()).toEqual({ a: "2" });
  });

  test("one caller's abort of a consumer's first read leaves the others alone", async () => {
    const setting = await setUp();
    const { db, table } = setting;
    const store = table.toStore(db);
    const controller = new AbortController();
    const unlock = await lockTable(setting);
    const aborted = store.setCursor("a", "1", { signal: controller.signal });
    const other = store.setCursor("a", "2");
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await unlock();
    await other;
    expect(await table.getCursor(db, "a")).toBe("2");
  });
});
