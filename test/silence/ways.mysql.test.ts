import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inLanes } from "../../tools/mutants/lanes.ts";
import { type BuiltLibrary, buildLibrary } from "../support/package/built-library.ts";
import { describeEachServer } from "../support/servers/engines.ts";
import type { WayResult } from "./judging/way-result.ts";
import { playWay } from "./play-way.ts";
import { ways } from "./ways.ts";

// A stream and a run with each driver.
const TRIES = 4;
// Nearly all of their time is waited, each on a server of its own.
const LANES = 8;
const LONGEST_MS = 240_000;
// What these tell with the mariadb driver is judged in the long form alone: its pool does not tell how many connections it may lend.
const longFormOnly: readonly string[] = ["start-without-connection"];
const tried = ways.filter(({ name }) => !longFormOnly.includes(name));

describe("readers that are kept waiting", () => {
  let library: BuiltLibrary;
  let folder: string;

  beforeAll(async () => {
    library = await buildLibrary();
    folder = await mkdtemp(join(tmpdir(), "rsql-silence-"));
  });
  afterAll(async () => {
    await library.remove();
    await rm(folder, { recursive: true, force: true });
  });

  describeEachServer(({ vendor }) => {
    const results = new Map<string, WayResult>();

    beforeAll(async () => {
      const options = { vendor, folder, library: library.url, seed: 1, tries: TRIES, short: true };
      await inLanes(LANES, tried, async (way) => results.set(way.name, await playWay(way, options)));
    }, LONGEST_MS);

    test.for(tried)("$name: they are told, and why", (way, { skip }) => {
      const result = results.get(way.name);
      if (result?.skipped !== undefined) skip(result.skipped);
      expect(result).toMatchObject({ failure: undefined, lost: 0, outOfOrder: 0 });
      const waits = (result?.verdicts ?? []).filter((verdict) => !verdict.void);
      expect(waits.length).toBeGreaterThan(0);
      const judged = waits.map(({ reader, first, wrong, rightAfterMs, blockerRight, neverBack }) => {
        const [causeTold, misnamed] = [rightAfterMs !== undefined, blockerRight === false];
        return { reader, first, wrong, neverBack, causeTold, misnamed };
      });
      const good = { wrong: [], neverBack: false, causeTold: true, misnamed: false };
      expect(judged).toEqual(judged.map((wait) => ({ ...wait, ...good })));
    });
  });
});
