import { inMemoryNotifier } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, leaveGap, noopIds, Reports, storedRows } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

const some = (count: number) => Array.from({ length: count }, () => ({ foreignId: "x", type: 1 }));

describeEachServer((engine) => {
  describe("a gap exactly between two pages", () => {
    // Catches a page that is judged by itself only: its first row need not follow the last page's last.
    test.each(["commit", "rollback"] as const)("holds the stream until its %s", async (end) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 5 });
      await table.insertMany(pool, some(5));
      const open = await openInsert(pool, table);
      await table.insertMany(pool, some(5));
      const stream = table.stream(pool, "");
      expect(await take(stream, 5)).toEqual(idRange(1, 5));
      const next = take(stream, end === "commit" ? 6 : 5);
      expect(await Promise.race([next, nothingWithin(200)])).toBe("nothing");
      await open[end]();
      expect(await next).toEqual(idRange(end === "commit" ? 6 : 7, 11));
      await stream.close();
    });

    // Catches a page whose last rows all are missing, and a next page asked for from behind the gap.
    test("holds it where the gap is larger than a page", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 5 });
      await table.insertMany(pool, some(5));
      const open = await openInsert(pool, table, idRange(6, 18));
      await table.insertMany(pool, some(7));
      const stream = table.stream(pool, "");
      expect(await take(stream, 5)).toEqual(idRange(1, 5));
      const others = take(stream, 20);
      await open.commit();
      expect(await others).toEqual(idRange(6, 25));
      await stream.close();
    });
  });

  // Catches a full page that counts as one without a gap for its length alone.
  test("a gap in the middle of a full page behind another holds the stream until its commit", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { limit: 5 });
    await table.insertMany(pool, some(7));
    const open = await openInsert(pool, table);
    await table.insertMany(pool, some(12));
    const stream = table.stream(pool, "");
    expect(await take(stream, 7)).toEqual(idRange(1, 7));
    const others = take(stream, 13);
    expect(await Promise.race([others, nothingWithin(200)])).toBe("nothing");
    await open.commit();
    expect(await others).toEqual(idRange(8, 20));
    await stream.close();
  });

  // Catches a fill of the first gap only whose neighbours then wait for another round each, or are passed with it.
  test("a gap that is followed by another is closed, and what is open between them is waited for", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    await leaveGap(pool, table);
    await table.insert(pool, "2", 1);
    const open = await openInsert(pool, table);
    await leaveGap(pool, table);
    await table.insert(pool, "5", 1);
    await leaveGap(pool, table, 2);
    await table.insert(pool, "8", 1);
    const stream = table.stream(pool, "");
    expect(await take(stream, 1)).toEqual(["2"]);
    const others = take(stream, 3);
    expect(await Promise.race([others, nothingWithin(200)])).toBe("nothing");
    await open.commit();
    expect(await others).toEqual(["3", "5", "8"]);
    expect(await noopIds(pool, table)).toEqual(["1", "4", "6", "7"]);
    await stream.close();
  });

  // Catches a fill for each gap: the noops of one statement share its time stamp to the microsecond.
  test("twenty small gaps in one page are closed together", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    for (let index = 0; index < 20; index++) {
      await leaveGap(pool, table);
      await table.insert(pool, "x", 1);
    }
    const ids = await rest(table.stream(pool, "", { toHead: true }));
    expect(ids).toEqual(idRange(1, 20).map((id) => String(2 * Number(id))));
    expect(await noopIds(pool, table)).toHaveLength(20);
    const [times] = (await pool.query(
      `select count(distinct timestamp) as moments from ${table.name} where type = 0`,
    )) as unknown as [{ moments: number }[]];
    expect(times).toEqual([{ moments: 1 }]);
  });

  // Catches a grace that starts anew at each poll, which never ends while wake-ups come more often than it lasts.
  test("a gap that was never seen open is closed although the stream is woken every few ms", async () => {
    const pool = await engine.createRawPool();
    const notifier = inMemoryNotifier();
    const polls = new Reports<{ rows: number }>();
    const table = await makeTable(pool, { notifier, gaps: { graceMs: 100 }, observer: { poll: polls.add } });
    await leaveGap(pool, table);
    await table.insert(pool, "2", 1);
    const ringing = setInterval(() => notifier.notify(), 2);
    const stream = table.stream(pool, "");
    expect(await take(stream, 1)).toEqual(["2"]);
    clearInterval(ringing);
    expect(await storedRows(pool, table)).toHaveLength(2);
    // So many that the wake-ups did come in the middle of the grace.
    expect(polls.all.length).toBeGreaterThan(5);
    await stream.close();
  });
});
