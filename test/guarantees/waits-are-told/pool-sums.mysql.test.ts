import type { Pool } from "mysql2/promise";
import { CursorsTable, createTables, EventsTable, type Logger, run } from "reflex-rsql";
import { expect, type TestContext, test } from "vitest";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { Reports } from "../../support/streams/gaps.ts";

let tables = 0;

interface Warning {
  readonly message: string;
  readonly details: object;
}

/** Runs on one pool, by the names of their consumers, and the warnings of pools that are told of them. */
async function scene(engine: Engine, { onTestFinished }: Pick<TestContext, "onTestFinished">, connectionLimit: number) {
  const pool = await engine.createRawPool({ connectionLimit });
  const number = ++tables;
  const logger: Logger = {
    warn: (message, details) => {
      if (message.startsWith("a pool of")) warnings.add({ message, details });
    },
  };
  const warnings = new Reports<Warning>();
  const events = new EventsTable(`sum_events_${number}`, { logger });
  const others = new EventsTable(`sum_others_${number}`, { logger });
  const cursors = new CursorsTable(`sum_cursors_${number}`, { logger });
  await createTables(pool, [events, others, cursors]);
  await Promise.all([events.insert(pool, "1", 1), others.insert(pool, "1", 1)]);
  const store = cursors.toStore(pool);
  const endings: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all(endings.map((end) => end()));
    await cursors.close();
  });
  /** Starts a run whose handler takes a connection of the pool. Resolves with what ends it, once it has handled an event. */
  const start = async (name: string): Promise<() => Promise<void>> => {
    const handled = new Reports<string>();
    const ending = new AbortController();
    const consume = async (): Promise<void> => {
      const connection = await pool.getConnection();
      await connection.query("select 1");
      connection.release();
      handled.add(name);
    };
    const stream = (endings.length % 2 === 0 ? events : others).toStream(pool);
    const running = run({ stream, cursors: store, consumer: { name, consume } }, { signal: ending.signal, logger });
    const end = async (): Promise<void> => {
      ending.abort();
      await expect(running).rejects.toBe(ending.signal.reason);
    };
    endings.push(end);
    await handled.first();
    return end;
  };
  return { start, warnings };
}

/** Streams that are read from a pool of this size, while the server that takes the writes has another pool. */
async function streamOfReplica(engine: Engine, connectionLimit: number, primaryOf: (small: Pool) => Promise<Pool>) {
  const small = await engine.createRawPool({ connectionLimit });
  const warnings: string[] = [];
  const logger: Logger = { warn: (message) => void warnings.push(message) };
  const events = new EventsTable(`sum_events_${++tables}`, { logger, gaps: { primary: await primaryOf(small) } });
  const own = await engine.createRawPool({ connectionLimit: 2 });
  await createTables(small, [events]);
  await events.insert(small, "1", 1);
  const stream = events.stream(own, "", { toHead: true });
  expect((await stream.next()).value).toMatchObject({ id: "1" });
  await stream.close();
  return warnings;
}

describeEachServer((engine) => {
  // Catches runs that are counted each for itself: ten of them would be warned of as if each were alone, or not at all.
  test("ten runs on a pool of three are warned of once, with what all of them need, and an eleventh again", async (context) => {
    const { start, warnings } = await scene(engine, context, 3);
    await Promise.all(Array.from({ length: 10 }, (_, index) => start(`mailer-${index}`)));
    const { message, details } = await warnings.first();
    expect(message).toBe(
      "a pool of 3 is too small for the 10 runs on it, which may need 16 connections at the same time (1 for cursors to be written, 1 for a lease, which later versions take, 1 for asking why something takes long, 1 for streams to read with, 1 for looking at gaps, 1 for filling gaps, 10 for the queries of consumers, one each): raise its connectionLimit to 16 or more, as your other queries need connections too, or give some of them a pool of their own",
    );
    expect(details).toEqual({ poolSize: 3, needed: 16 });
    const again = warnings.next();
    await start("mailer-10");
    expect((await again).details).toEqual({ poolSize: 3, needed: 17 });
    expect(warnings.all).toHaveLength(2);
  });

  // Catches runs that stay in the sum when they have ended.
  test("runs one after the other need no more than one", async (context) => {
    const { start, warnings } = await scene(engine, context, 7);
    for (let index = 0; index < 4; index++) await (await start(`mailer-${index}`))();
    await Promise.all([start("mailer-4"), start("mailer-5")]);
    expect((await warnings.first()).details).toEqual({ poolSize: 7, needed: 8 });
    expect(warnings.all).toHaveLength(1);
  });

  // Catches connections for gaps that are counted in the pool that streams read from, though another one closes them.
  test("gaps are counted in the pool of the server that takes the writes", async () => {
    const warnings = await streamOfReplica(engine, 3, async (small) => small);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^a pool of 3 is too small .* need 4 connections .*\(1 for streams to read with, 1 for looking at gaps, 1 for filling gaps, 1 for asking why/,
      ),
    ]);
    expect(await streamOfReplica(engine, 4, async (large) => large)).toEqual([]);
  });
});
