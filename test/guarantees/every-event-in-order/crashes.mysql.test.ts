import type { Pool } from "mysql2/promise";
import type { EventsTable, ReflexEvent } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { startCrashPlace } from "../../support/servers/crash-place.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { eventIds, Reports } from "../../support/streams/gaps.ts";
import { insertEach, openInsert, take, takeEvents } from "../../support/streams/streams.ts";

const ACKNOWLEDGED_A_ROUND = 40;

describeEachServer((engine) => {
  describe("a server that is killed with rows in flight only", () => {
    // Catches a cursor from READ UNCOMMITTED, a maximum or the counter: the server gives those ids again.
    test("gives their ids again, and each event that commits is delivered once", async () => {
      await using place = await startCrashPlace(engine.vendor);
      const { pool, table, errors } = place;
      await insertEach(pool, table, ["a", "b", "c"]);
      const stream = table.stream(pool, "");
      expect(await take(stream, 3)).toEqual(["1", "2", "3"]);
      const next = takeEvents(stream, 2);
      const fromHead = table.stream(pool, "", { fromHead: true });
      const open = await openInsert(pool, table, ["never", "never"]);
      expect(await fromHead.start()).toBe("3");
      const nextFromHead = takeEvents(fromHead, 2);
      expect(stream.position).toBe("3");
      await place.crash();
      await errors.first();
      open.connection.destroy();
      const writer = await place.restart();
      const ids: (string | undefined)[] = [];
      for (const foreignId of ["d", "e"]) ids.push((await table.insert(writer, foreignId, 1)).eventId);
      for (const delivered of [await next, await nextFromHead]) {
        expect(delivered.map(({ foreignId }) => foreignId)).toEqual(["d", "e"]);
        expect(delivered.map(({ id }) => id)).toEqual(ids);
      }
      await stream.close();
      await fromHead.close();
    });

    // Catches what was seen in flight before the crash and counts as fillable after it: a new writer would lose its id.
    test("has the gap that they leave below a committed row closed after the restart", async () => {
      await using place = await startCrashPlace(engine.vendor);
      const { pool, table, errors } = place;
      await table.insert(pool, "a", 1);
      const open = await openInsert(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const next = take(stream, 2);
      await place.crash();
      await errors.first();
      open.connection.destroy();
      await table.insert(await place.restart(), "d", 1);
      expect(await next).toEqual(["3", "4"]);
      await stream.close();
    });
  });

  describe("a server that is killed under load, three times", () => {
    // Catches events that are lost, repeated or out of order over a reconnect, and rows that a crash undid.
    test("has every acknowledged event delivered once and in order, to a stream that runs throughout", async () => {
      await using place = await startCrashPlace(engine.vendor);
      const { pool, table } = place;
      const stream = table.stream(pool, "");
      // A start that finds no server fails, unlike a stream that runs.
      await stream.start();
      const delivered: ReflexEvent[] = [];
      const reading = (async () => {
        for await (const event of stream) {
          delivered.push(event);
          if (event.foreignId === "the last") break;
        }
      })();
      const acknowledged = new Reports<string>();
      let writing = pool;
      for (let round = 0; round < 3; round++) {
        const own = writing;
        const writers = Array.from({ length: 8 }, (_, writer) => write(own, table, { round, writer, acknowledged }));
        // Killed at the height of it: what is under way then is what this is about.
        await acknowledged.first(() => acknowledged.all.length >= (round + 1) * ACKNOWLEDGED_A_ROUND);
        await place.crash();
        await Promise.all(writers);
        writing = await place.restart();
      }
      await table.insert(writing, "the last", 1);
      acknowledged.add("the last");
      await reading;
      const ids = delivered.map(({ id }) => BigInt(id));
      expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0n))).toBe(true);
      expect(delivered.map(({ id }) => id)).toEqual(await eventIds(writing, table));
      const foreignIds = new Set(delivered.map(({ foreignId }) => foreignId));
      expect(foreignIds.size).toBe(delivered.length);
      expect(acknowledged.all.filter((foreignId) => !foreignIds.has(foreignId))).toEqual([]);
    });
  });

  interface Writer {
    readonly round: number;
    readonly writer: number;
    readonly acknowledged: Reports<string>;
  }

  /** Inserts until the server is gone; every third transaction has two events, every fifth is rolled back. */
  async function write(pool: Pool, table: EventsTable, { round, writer, acknowledged }: Writer): Promise<void> {
    for (let count = 0; ; count++) {
      const foreignIds = [
        `${round} ${writer} ${count} a`,
        ...(count % 3 === 0 ? [`${round} ${writer} ${count} b`] : []),
      ];
      try {
        const open = await openInsert(pool, table, foreignIds);
        if (count % 5 === 4) await open.rollback();
        else {
          await open.commit();
          for (const foreignId of foreignIds) acknowledged.add(foreignId);
        }
      } catch {
        return;
      }
    }
  }
});
