import { describe, expect, test, vi } from "vitest";
import type { ReflexEvent } from "../../reflex/event.ts";
import { makeEvent } from "../events/make-event.ts";
import { FAST_MS, ReadAhead } from "./read-ahead.ts";
import { pageOfEvents, type ReadPage } from "./read-page.ts";

/** A table of ids, and what was read of it. */
class Table {
  readonly asked: string[] = [];
  readonly ahead: ReadAhead;
  last = 100;
  epoch = 1;
  wanted = true;
  failing = false;
  tookMs = 0;

  constructor() {
    this.ahead = new ReadAhead({
      read: (from, { rows }) => this.#read(Number(from), rows),
      epoch: () => this.epoch,
      wanted: () => this.wanted,
    });
  }

  /** Reads as a stream does, each page from the last row of the one before, and gives the ids of each. */
  async pages(from: number, count: number): Promise<string[]> {
    const seen: string[] = [];
    for (let page = 0, at = from; page < count; page++, at += 10)
      seen.push(idsOf(await this.ahead.read(BigInt(at), { rows: 11 })));
    return seen;
  }

  async #read(from: number, limit: number): Promise<ReadPage> {
    this.asked.push(`${from}+${limit}`);
    if (this.failing) throw new Error("no answer");
    if (this.tookMs > 0) vi.advanceTimersByTime(this.tookMs);
    const events: ReflexEvent[] = [];
    for (let id = from; id <= this.last && events.length < limit; id++) {
      events.push(makeEvent({ id, type: 1, foreignId: "x", timestampMicros: 1 }));
    }
    return pageOfEvents(events, { epoch: this.epoch, asked: limit });
  }
}

function idsOf({ first, last, length }: ReadPage): string {
  return `${first?.id}-${last?.id} (${length})`;
}

describe("reads ahead of those that are asked for", () => {
  test("ask for the page after the next once a full page was read, and read each page once", async () => {
    const table = new Table();
    expect(await table.pages(10, 4)).toEqual(["10-20 (11)", "20-30 (11)", "30-40 (11)", "40-50 (11)"]);
    expect(table.asked).toEqual(["10+11", "20+11", "30+11", "40+11", "50+11"]);
  });

  test("ask for nothing where they are not wanted", async () => {
    const table = new Table();
    table.wanted = false;
    await table.pages(10, 3);
    expect(table.asked).toEqual(["10+11", "20+11", "30+11"]);
  });

  // Catches a statement whose time limit has to last for two.
  test.each([
    { tookMs: FAST_MS - 100, asked: ["10+11", "20+11", "30+11"] },
    { tookMs: FAST_MS + 100, asked: ["10+11", "20+11"] },
  ])("ask for $asked.length pages in two reads where each takes $tookMs ms", async ({ tookMs, asked }) => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const table = new Table();
      table.tookMs = tookMs;
      await table.pages(10, 2);
      expect(table.asked).toEqual(asked);
    } finally {
      vi.useRealTimers();
    }
  });

  test("ask for nothing after a page that has a gap, or is not full", async () => {
    const table = new Table();
    table.last = 25;
    await table.pages(20, 2);
    expect(table.asked).toEqual(["20+11", "30+11"]);
  });

  // Catches a page read ahead that hides what was committed since.
  test("count only if they are full", async () => {
    const table = new Table();
    table.last = 35;
    expect(await table.pages(10, 2)).toEqual(["10-20 (11)", "20-30 (11)"]);
    table.last = 37;
    expect(await table.pages(30, 1)).toEqual(["30-37 (8)"]);
    expect(table.asked).toEqual(["10+11", "20+11", "30+11", "40+11", "30+11"]);
  });

  // Catches a page of a connection that is gone: what it showed may have been undone.
  test("count only while their connection lasts", async () => {
    const table = new Table();
    await table.pages(10, 2);
    table.epoch++;
    expect((await table.ahead.read(30n, { rows: 11 })).epoch).toBe(2);
    expect(table.asked).toEqual(["10+11", "20+11", "30+11", "40+11", "30+11"]);
  });

  test("count for the page that they are of, and no other", async () => {
    const table = new Table();
    await table.pages(10, 2);
    expect(idsOf(await table.ahead.read(35n, { rows: 11 }))).toBe("35-45 (11)");
    expect(idsOf(await table.ahead.read(30n, { rows: 11 }))).toBe("30-40 (11)");
    expect(table.asked.slice(2)).toEqual(["30+11", "35+11", "30+11"]);
  });

  // Catches a page that is thrown away since pages have another size by now: after a long event, each would be.
  test("count also where pages have another size by now, and none is asked for early then", async () => {
    const table = new Table();
    await table.pages(10, 2);
    const page = await table.ahead.read(30n, { rows: 6 });
    expect([idsOf(page), page.asked]).toEqual(["30-40 (11)", 11]);
    expect(table.asked.slice(2)).toEqual(["30+11"]);
  });

  // Catches an old page that says of a gap what was so when it was read.
  test("do not count where the next row alone is asked for", async () => {
    const table = new Table();
    await table.pages(10, 2);
    expect(idsOf(await table.ahead.read(30n, { rows: 2 }))).toBe("30-31 (2)");
    expect(table.asked.slice(2)).toEqual(["30+11", "30+2"]);
  });

  // Catches a read ahead whose error ends the process, or the stream, before anybody needs its page.
  test("are forgotten if they fail, and made again", async () => {
    const table = new Table();
    await table.pages(10, 1);
    const second = table.ahead.read(20n, { rows: 11 });
    table.failing = true;
    await second;
    await new Promise(setImmediate);
    await expect(table.ahead.read(30n, { rows: 11 })).resolves.toMatchObject({ length: 11 });
    await expect(table.ahead.read(60n, { rows: 11 })).rejects.toThrow("no answer");
    table.failing = false;
    expect(idsOf(await table.ahead.read(60n, { rows: 11 }))).toBe("60-70 (11)");
  });
});
