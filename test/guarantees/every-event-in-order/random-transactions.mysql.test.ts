import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ModelPrograms, playRound, type RoundResult } from "../../support/model/model-round.ts";
import { type BuiltLibrary, buildLibrary } from "../../support/package/built-library.ts";
import { describeEachServer } from "../../support/servers/engines.ts";

const { RSQL_MODEL_SEED: seedsText, RSQL_MODEL_SECONDS: secondsText } = process.env;
const seconds = Number(secondsText ?? 0);
const ROUNDS = 3;
// Of each of 16 connections: 704 a round, or 4 800 where there is time.
const TRANSACTIONS = seconds > 0 ? 300 : 44;

function* seeds(): Generator<number> {
  if (seedsText !== undefined) {
    for (const text of seedsText.split(",")) {
      if (!/^\d+$/.test(text)) throw new RangeError(`RSQL_MODEL_SEED takes whole numbers, found "${text}"`);
      yield Number(text);
    }
    return;
  }
  const endAt = performance.now() + seconds * 1000;
  for (let round = 0; round < ROUNDS || performance.now() < endAt; round++) yield randomInt(1_000_000);
}

function summary(server: string, result: RoundResult): string {
  const { seed, transactions, events, gaps, stops, lateCommits, noops, writerErrors, durationMs } = result;
  const errors = [`${writerErrors.length} writer errors`, ...new Set(writerErrors)].join(": ");
  return `${server}, seed ${seed}: ${transactions} transactions, ${events} events, ${gaps} gaps, ${stops} stops, ${lateCommits} late commits, ${noops} noops, ${errors}, ${(durationMs / 1000).toFixed(1)} s`;
}

describe("with random transactions of 16 connections in 4 processes", () => {
  let library: BuiltLibrary | undefined;
  let programs: ModelPrograms | undefined;

  beforeAll(async () => {
    library = await buildLibrary();
    programs = new ModelPrograms(library.url);
  });

  afterAll(async () => {
    programs?.close();
    await library?.remove();
  });

  describeEachServer((engine) => {
    // Catches whatever passes an id without its row, by time, by memory or by what a dirty read says: in each round
    // hundreds of ids commit after higher ones, and hundreds never do.
    test("every stream delivers exactly the committed events, in order, and every acknowledged event is there", {
      timeout: 120_000 + seconds * 1000,
    }, async () => {
      const pool = await engine.createRawPool({ connectionLimit: 20 });
      const blindDatabase = `${engine.database}_blind`;
      await pool.query(`create database ${blindDatabase}`);
      const blind = await engine.createRawPool({ database: blindDatabase });
      for (const seed of seeds()) {
        if (programs === undefined) expect.unreachable();
        const result = await playRound(programs, {
          pool,
          blind,
          url: engine.url(),
          seed,
          transactions: TRANSACTIONS,
        });
        console.log(summary(engine.name, result));
        const none = Object.keys(result.problems).map((name) => [name, []]);
        expect(result.problems, `seed ${seed}`).toEqual(Object.fromEntries(none));
        // Without these the round has shown nothing.
        expect(result.gaps, `gaps of seed ${seed}`).toBeGreaterThanOrEqual(100);
        expect(result.lateCommits, `late commits of seed ${seed}`).toBeGreaterThanOrEqual(20);
      }
      await pool.query(`drop database ${blindDatabase}`);
    });
  });
});
