import type { ReflexEvent } from "../../src/reflex/event.ts";
import type { Position } from "../../src/tables/position/position.ts";
import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const eventCache = moduleAt<typeof import("../../src/tables/pages/event-cache.ts")>("src/tables/pages/event-cache.ts");
const graceTracker = moduleAt<typeof import("../../src/tables/gaps/grace-tracker.ts")>(
  "src/tables/gaps/grace-tracker.ts",
);
const judgePoll = moduleAt<typeof import("../../src/tables/position/judge-poll.ts")>(
  "src/tables/position/judge-poll.ts",
);
const noopInserter = moduleAt<typeof import("../../src/tables/gaps/noop-inserter.ts")>(
  "src/tables/gaps/noop-inserter.ts",
);
const noopStatement = moduleAt<typeof import("../../src/tables/gaps/noop-statement.ts")>(
  "src/tables/gaps/noop-statement.ts",
);
const replicaSign = moduleAt<typeof import("../../src/tables/gaps/replica-sign.ts")>("src/tables/gaps/replica-sign.ts");

const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const statementsInFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";
const blindProbe = "test/mutants/blind-probe.mysql.test.ts";
const wrongServer = "test/mutants/wrong-server.mysql.test.ts";

/** Ids for which there is no row, by the row above them: tables have ids in common. */
const deadIds = new Set<string>();
/** Since when streams have stood at these positions. */
const standsSince = new WeakMap<Position, number>();
const LONGEST_STAND_MS = 500;

/** What a stream does at a gap, who is asked about it and who closes it. */
export const gapMutants: readonly Mutant[] = [
  {
    name: "dead ids in memory",
    wrong: "ids that no probe shows are passed without a row in their place",
    parts: [
      noopInserter.replaceMethod("NoopInserter", "insertNoops", () => (ids, around) => {
        for (const id of ids) for (const row of around) deadIds.add(deadKey(id, row));
        const reachRow = around.some(({ id }) => ids.includes(BigInt(id) - 1n));
        return Promise.resolve(reachRow ? { kind: "inserted", count: ids.length, warnings: "" } : { kind: "collided" });
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
    name: "inserts noops above an open row",
    wrong: "ids above the first row in flight are closed too, which may be of the same statement",
    parts: [
      graceTracker.replaceMethod(
        "GraceTracker",
        "fillableIds",
        (fillableIds) =>
          function (missing, inFlight, clock) {
            const open = missing.filter((id) => inFlight.has(id));
            fillableIds.call(this, open, inFlight, clock);
            const others = missing.filter((id) => !inFlight.has(id));
            return fillableIds.call(this, others, new Set(), clock);
          },
      ),
    ],
    tests: [testOf(statementsInFlight, "keeps all its ids, though others commit above it and there is no grace")],
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
      testOf("src/tables/gaps/grace-tracker.test.ts", "counts the grace from the first sight"),
      testOf(lateCommits, "leaves a noop in its place"),
    ],
  },
  {
    name: "inserts noops on a read-only server",
    wrong: "whether the server takes writes is not asked, and an administrator's connection may write anyway",
    parts: [noopInserter.replaceExport("isReadOnly", () => () => false)],
    tests: [testOf(wrongServer, "a stream inserts no noop on a read-only server")],
  },
  {
    name: "inserts noops on a replica",
    wrong: "a server that takes writes counts as the primary though it applies another's",
    parts: [replicaSign.replaceExport("replicaSign", () => () => Promise.resolve(undefined))],
    tests: [
      testOf(
        "test/guarantees/assumed-of-servers/replica.mysql.test.ts",
        "is known by its signs, and no noop is written to it",
      ),
    ],
  },
  {
    name: "inserts noops beside other rows",
    wrong: "the rows around a gap may be others on the server that noops are written to",
    parts: [noopInserter.replaceExport("holdsRows", () => () => true)],
    tests: [testOf(wrongServer, "a stream inserts no noop on a server that holds other rows")],
  },
  {
    name: "noops replace rows",
    wrong: "a noop takes the place of an event that was committed while it was inserted",
    parts: [
      noopStatement.replaceExport("noopStatement", (make) => (source, ids) => {
        const { sql, params } = make(source, ids);
        return { sql: sql.replace("insert ignore into", "replace into"), params };
      }),
    ],
    tests: [testOf(blindProbe, "a stream holds at an open row that its probes don't see")],
  },
];

function deadKey(id: bigint, above: ReflexEvent): string {
  return [id, above.id, above.timestampMicros, above.foreignId].join(" ");
}
