import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltLibrary, buildLibrary } from "../support/package/built-library.ts";
import { describeEachServer } from "../support/servers/engines.ts";
import { problemsOf, type ScenarioResult } from "./counting/result.ts";
import type { Scenario } from "./scenario.ts";
import { onSocket } from "./stage/on-socket.ts";
import { playScenario } from "./stage/play-scenario.ts";
import type { Stage } from "./stage/stage.ts";

const PASSED_BY = 7;

/** Plays with a consumer that was stopped at event 100 or later, with more written after that. */
function scenarioOf(whileStopped: (stage: Stage) => Promise<void>): Scenario {
  return {
    name: "harness-check",
    about: "what the harness must count rightly",
    least: { events: 120, faults: { stopped: 1 } },
    play: async (stage) => {
      const database = onSocket(await stage.startServer());
      const consumer = stage.startConsumer({ name: "mailer", database });
      const writer = stage.startWriter({ database });
      await stage.untilAcknowledged(100);
      await writer.stop();
      await stage.until("all delivered", () => stage.isAllDelivered());
      await consumer.stop();
      stage.startWriter({ database });
      await stage.untilAcknowledged(20);
      await stage.stopWriters();
      await whileStopped(stage);
      stage.fault("stopped");
      consumer.start();
    },
  };
}

function poolOf({ pool }: Stage): Pool {
  if (pool === undefined) expect.unreachable();
  return pool;
}

describe("the harness of faults", () => {
  let library: BuiltLibrary;
  let folder: string;

  beforeAll(async () => {
    library = await buildLibrary();
    folder = await mkdtemp(join(tmpdir(), "rsql-harness-"));
  });
  afterAll(async () => {
    await library.remove();
    await rm(folder, { recursive: true, force: true });
  });

  describeEachServer(({ vendor }) => {
    const play = (whileStopped: (stage: Stage) => Promise<void>): Promise<ScenarioResult> =>
      playScenario(scenarioOf(whileStopped), {
        vendor,
        folder,
        library: library.url,
        seed: 1,
        long: false,
        lastDeliveriesMs: 2000,
      });

    test("finds nothing wrong where nothing is", async () => {
      const result = await play(async () => undefined);
      expect(problemsOf(result)).toEqual([]);
      expect(result.counts).toMatchObject({ lost: 0, phantom: 0, outOfOrder: 0, again: 0 });
      expect(result.counts.delivered).toBe(result.counts.acknowledged);
    });

    // Catches a harness that is green whatever happens.
    test("counts as lost what a cursor passes by that is moved by hand", async () => {
      const result = await play(async (stage) => {
        const pool = poolOf(stage);
        const cursor = await stage.cursor(pool, "mailer");
        const left = (await stage.rows(pool)).filter(({ id }) => Number(id) > Number(cursor));
        await pool.query("update cursors set last_event_id = ?", [left[PASSED_BY - 1]?.id]);
      });
      expect(result.counts.lost).toBe(PASSED_BY);
      expect(problemsOf(result)).toEqual([`${PASSED_BY} lost`]);
      expect(result.counts.examples[0]).toMatch(/^lost: \d+ \(w2\.\S+\) to mailer$/);
    });

    test("counts as phantoms what is delivered and then taken out of the table", async () => {
      const result = await play(async (stage) => {
        const [first] = await stage.rows(poolOf(stage));
        await poolOf(stage).query("delete from events where id = ?", [first?.id]);
      });
      expect(problemsOf(result)).toEqual(["1 phantom"]);
    });

    test("says what went wrong in a scenario that can't be played", async () => {
      const result = await play((stage) => stage.until("a miracle", () => false, 10));
      expect(problemsOf(result)).toContain("Error: within 0.01 s not: a miracle");
    });
  });
});
