import { EventsTable, type PollReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { ownColumns } from "../../support/streams/loaders.ts";
import { insertMany, makeTable, openInsert, take } from "../../support/streams/streams.ts";

// Nothing wakes a stream but a commit through its table object.
const QUIET = { wake: false, backoffMs: 60_000, limit: 10 } as const;

describeEachServer((engine) => {
  describe("a page that was read before the stream came to it", () => {
    // Catches a stream that takes the state of then for the head, and waits for a commit that has been.
    test("hides nothing that was committed since at its end", async () => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      const table = await makeTable(pool, { ...QUIET, observer: { poll: polls.add } });
      await insertMany(pool, table, 30);
      const stream = table.stream(pool, "");
      expect(await take(stream, 15)).toEqual(idRange(1, 15));
      await polls.first(({ after }) => after === "30");
      await insertMany(pool, table, 7);
      expect(await take(stream, 22)).toEqual(idRange(16, 37));
      await stream.close();
    });

    // Catches one that takes an id for missing that was committed late, and one that passes it by.
    test("shows what was committed since in the middle of it", async () => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      const table = await makeTable(pool, { ...QUIET, observer: { poll: polls.add } });
      await insertMany(pool, table, 33);
      const late = await openInsert(pool, table);
      await insertMany(pool, table, 16);
      const stream = table.stream(pool, "");
      expect(await take(stream, 15)).toEqual(idRange(1, 15));
      await polls.first(({ after }) => after === "30");
      await late.commit();
      expect(await take(stream, 35)).toEqual(idRange(16, 50));
      await stream.close();
    });

    // Catches a loader that is called for what the stream may never come to.
    test("is not asked of a loader", async () => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      const { name } = await makeTable(pool);
      const table = new EventsTable(name, { ...QUIET, loader: ownColumns(name), observer: { poll: polls.add } });
      await insertMany(pool, table, 50);
      const stream = table.stream(pool, "");
      expect(await take(stream, 15)).toEqual(idRange(1, 15));
      await polls.first(({ after }) => after === "20");
      expect(await take(stream, 5)).toEqual(idRange(16, 20));
      expect(polls.all.map(({ after }) => after)).not.toContain("30");
      await stream.close();
    });
  });
});
