import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const start = moduleAt<typeof import("../../src/tables/stream/start.ts")>("src/tables/stream/start.ts");
const startRules = moduleAt<typeof import("../../src/tables/position/start-rules.ts")>(
  "src/tables/position/start-rules.ts",
);
const gapResolverFactory = moduleAt<typeof import("../../src/tables/gaps/gap-resolver-factory.ts")>(
  "src/tables/gaps/gap-resolver-factory.ts",
);

const timeSearch = moduleAt<typeof import("../../src/tables/position/time-search.ts")>(
  "src/tables/position/time-search.ts",
);
const eventSearch = moduleAt<typeof import("../../src/tables/pages/event-search.ts")>(
  "src/tables/pages/event-search.ts",
);

const tableStream = "src/tables/stream/table-stream.mysql.test.ts";
const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const prunedPrefix = "test/guarantees/starts/pruned-prefix.mysql.test.ts";

// As far as the search goes back.
const disorderMicros = 600_000_000;

/** Where a stream starts and ends. */
export const startMutants: readonly Mutant[] = [
  {
    name: "head is MAX(id)",
    wrong: "a stream from the head starts after the highest id, whatever is open below it",
    parts: [
      startRules.replaceExport("headStart", () => (ids) => ({ after: ids.at(-1) ?? 0n, committed: new Set<bigint>() })),
    ],
    tests: [testOf(fromHead, "delivers what commits below several gaps after the call")],
  },
  {
    name: "a gap ends toHead",
    wrong: "a stream to the head ends at a gap, as if that were the head",
    parts: [
      start.replaceExport("startOf", (startOf) => async (reader, source) => {
        const started = await startOf(reader, source);
        if (!source.bounds.toHead) return started;
        const ids = await reader.pages.readRecentIds();
        return { ...started, target: ids.reduce((end, id) => (id === end + 1n ? id : end), 0n) };
      }),
    ],
    tests: [testOf(tableStream, "holds at the table's start until row 1 commits")],
  },
  {
    name: "a young prefix was pruned",
    wrong: "a long missing prefix counts as pruned though the first row is young",
    parts: [
      startRules.replaceExport(
        "pruneStart",
        (pruneStart) =>
          ({ id }) =>
            pruneStart({ id, ageMs: Number.POSITIVE_INFINITY }),
      ),
    ],
    tests: [testOf(prunedPrefix, "fences the last 1000 ids below it when it is young")],
  },
  {
    name: "times ascend",
    wrong: "the cursor of a time is searched as if no event were older than one with a lower id",
    parts: [
      timeSearch.replaceExport(
        "lastOlderId",
        (lastOlderId) => (range, sinceMicros, find) => lastOlderId(range, sinceMicros + disorderMicros, find),
      ),
    ],
    tests: [
      testOf(
        "src/tables/stream/cursor-at.database.test.ts",
        "finds the first event of a time among many whose times don't ascend",
      ),
    ],
  },
  {
    name: "events that commit during a search are passed",
    wrong: "the cursor of a time lies above an event that committed in a gap while the table was searched",
    parts: [
      eventSearch.replaceMethod(
        "EventSearch",
        "first",
        (first) =>
          function look(range, signal, sinceMicros) {
            const again = sinceMicros !== undefined && range.to < 2n ** 63n - 1n;
            return again ? Promise.resolve(undefined) : first.call(this, range, signal, sinceMicros);
          },
      ),
    ],
    tests: [
      testOf(
        "src/tables/stream/cursor-at.mysql.test.ts",
        "sees an event that commits between the search and the look for gaps",
      ),
    ],
  },
  {
    name: "open rows below a start are passed",
    wrong: "a stream starts behind a missing prefix without asking for rows that are open there",
    parts: [
      gapResolverFactory.replaceMethod(
        "GapResolverFactory",
        "belowOpenRows",
        () => (position) => Promise.resolve(position),
      ),
    ],
    tests: [testOf(prunedPrefix, "delivers a row that was open below it at the start")],
  },
];
