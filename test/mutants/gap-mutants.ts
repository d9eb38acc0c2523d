import type { ReflexEvent } from "../../src/reflex/event.ts";
import type { Position } from "../../src/tables/position/position.ts";
import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const judgePoll = moduleAt<typeof import("../../src/tables/position/judge-poll.ts")>(
  "src/tables/position/judge-poll.ts",
);
const wakeSignal = moduleAt<typeof import("../../src/tables/wake/wake-signal.ts")>("src/tables/wake/wake-signal.ts");
const stallWatch = moduleAt<typeof import("../../src/tables/reader/stall-watch.ts")>(
  "src/tables/reader/stall-watch.ts",
);
const eventCache = moduleAt<typeof import("../../src/tables/pages/event-cache.ts")>("src/tables/pages/event-cache.ts");
const graceTracker = moduleAt<typeof import("../../src/tables/gaps/grace-tracker.ts")>(
  "src/tables/gaps/grace-tracker.ts",
);
const noopInserter = moduleAt<typeof import("../../src/tables/gaps/noop-inserter.ts")>(
  "src/tables/gaps/noop-inserter.ts",
);
const probe = moduleAt<typeof import("../../src/tables/gaps/probe.ts")>("src/tables/gaps/probe.ts");

const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const blindProbe = "test/mutants/blind-probe.mysql.test.ts";
const stalls = "test/guarantees/waits-are-told/stalls.mysql.test.ts";

/** Ids for which there is no row, by the row above them: tables have ids in common. */
const deadIds = new Set<string>();
/** Since when streams have stood at these positions. */
const standsSince = new WeakMap<Position, number>();
const LONGEST_STAND_MS = 500;

/** What a stream does at a gap, and what it tells. */
export const gapMutants: readonly Mutant[] = [
  {
    name: "dead ids in memory",
    wrong: "ids that no probe shows are passed without a row in their place",
    parts: [
      noopInserter.replaceMethod("NoopInserter", "insertNoops", () => (ids, around) => {
        for (const id of ids) for (const row of around) deadIds.add(deadKey(id, row));
        const reachRow = around.some(({ id }) => ids.includes(BigInt(id) - 1n));
        return Promise.resolve(reachRow ? { kind: "inserted", warnings: "" } : { kind: "collided" });
      }),
      judgePoll.replaceExport("judgePoll", (judge) => async (position, events, table) => {
        const verdict = await judge(position, events, table);
        if (verdict.kind !== "gap") return verdict;
        const [above] = verdict.beyond;
        if (above === undefined) return verdict;
        for (let id = verdict.gap.prev + 1n; id < verdict.gap.next; id++) {
          if (!deadIds.has(deadKey(id, above))) return verdict;
        }
        return { kind: "rows", events: [above] };
      }),
      // What it keeps follows without a gap.
      eventCache.replaceMethod(
        "EventCache",
        "add",
        (add) =>
          function (after, events) {
            if (events[0]?.id === String(after + 1n)) add.call(this, after, events);
          },
      ),
    ],
    tests: [
      testOf(blindProbe, "a stream holds at an open row that its probes don't see"),
      testOf(lateCommits, "leaves a noop in its place"),
    ],
  },
  {
    name: "time-out skips",
    wrong: "a gap that is open for longer than half a second is passed",
    parts: [
      judgePoll.replaceExport("judgePoll", (judge) => async (position, events, table) => {
        const verdict = await judge(position, events, table);
        if (verdict.kind !== "gap") return verdict;
        const since = standsSince.get(position) ?? performance.now();
        standsSince.set(position, since);
        const waited = performance.now() - since > LONGEST_STAND_MS;
        return waited ? { kind: "rows", events: verdict.beyond.slice(0, 1) } : verdict;
      }),
    ],
    tests: [
      testOf(
        "test/mutants/open-transaction.mysql.test.ts",
        "a stream holds at an open transaction for longer than any",
      ),
    ],
  },
  {
    name: "a counter closes gaps",
    wrong: "ids below AUTO_INCREMENT are passed: they were given, and are not there",
    parts: [
      judgePoll.replaceExport("judgePoll", (judge) => async (position, events, table) => {
        const verdict = await judge(position, events, table);
        if (verdict.kind !== "gap") return verdict;
        const { nextId } = await table.readEdges();
        const given = nextId !== undefined && nextId >= verdict.gap.next;
        return given ? { kind: "rows", events: verdict.beyond.slice(0, 1) } : verdict;
      }),
    ],
    tests: [testOf(lateCommits, "is delivered before it, by a stream that waits")],
  },
  {
    name: "grace starts anew",
    wrong: "the grace of a missing id is counted from the last poll",
    parts: [
      graceTracker.replaceMethod(
        "GraceTracker",
        "fillableIds",
        (fillableIds) =>
          function (missing, inFlight, { graceMs }) {
            return fillableIds.call(this, missing, inFlight, { now: 0, graceMs });
          },
      ),
    ],
    tests: [
      testOf("src/tables/gaps/grace-tracker.test.ts", "counts the grace of each id from the poll that first missed it"),
      testOf(lateCommits, "leaves a noop in its place"),
    ],
  },
  {
    name: "a silent server has nothing open",
    wrong: "a server that does not say which rows are open there counts as one with none",
    parts: [
      probe.replaceMethod(
        "Probe",
        "visible",
        (visible) =>
          function (first, last) {
            return visible
              .call(this, first, last)
              .catch(() => ({ ids: [], giving: { increment: 1, offset: 1, view: "" } }));
          },
      ),
    ],
    tests: [testOf(stalls, "with a server that takes writes down, until it is back")],
  },
  {
    name: "listens after the read",
    wrong: "a wake-up that comes during a poll is lost",
    parts: [
      wakeSignal.replaceMethod(
        "WakeSignal",
        "beyond",
        (beyond) =>
          function (_seen, limitMs, signal) {
            return beyond.call(this, this.count, limitMs, signal);
          },
      ),
    ],
    tests: [
      testOf("test/mutants/wake-during-poll.mysql.test.ts", "a stream that is woken during a poll polls again at once"),
    ],
  },
  {
    name: "waits in silence",
    wrong: "nobody is told of a stream that stands at a gap for long",
    parts: [stallWatch.replaceMethod("StallWatch", "blocked", () => () => undefined)],
    tests: [testOf("src/tables/reader/stall-watch.test.ts", "tells once of a stream that stands for long")],
  },
];

function deadKey(id: bigint, above: ReflexEvent): string {
  return [id, above.id, above.timestampMicros, above.foreignId].join(" ");
}
