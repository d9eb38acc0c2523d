import type { Position } from "../../src/tables/position/position.ts";
import { moduleAt, replacePlace } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const batch = moduleAt<typeof import("../../src/tables/pages/batch.ts")>("src/tables/pages/batch.ts");
const judgePoll = moduleAt<typeof import("../../src/tables/position/judge-poll.ts")>(
  "src/tables/position/judge-poll.ts",
);
const sharedCache = moduleAt<typeof import("../../src/tables/reader/shared-cache.ts")>(
  "src/tables/reader/shared-cache.ts",
);
const sharedSession = moduleAt<typeof import("../../src/database/sessions/shared-session.ts")>(
  "src/database/sessions/shared-session.ts",
);
const start = moduleAt<typeof import("../../src/tables/stream/start.ts")>("src/tables/stream/start.ts");
const startRules = moduleAt<typeof import("../../src/tables/position/start-rules.ts")>(
  "src/tables/position/start-rules.ts",
);
const confirmTime = moduleAt<typeof import("../../src/tables/reader/confirm-time.ts")>(
  "src/tables/reader/confirm-time.ts",
);
const wakeSignal = moduleAt<typeof import("../../src/tables/wake/wake-signal.ts")>("src/tables/wake/wake-signal.ts");

const tableStream = "src/tables/stream/table-stream.mysql.test.ts";
const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const rewrittenHistory = "test/guarantees/positions-checked/rewritten-history.mysql.test.ts";

/** How a stream reads, starts and ends. */
export const readingMutants: readonly Mutant[] = [
  {
    name: "anchor not compared",
    wrong: "the row at the cursor may have become another one",
    parts: [
      judgePoll.replaceExport(
        "judgePoll",
        (judge) => (position, events, table) => judge({ ...position, anchor: undefined }, events, table),
      ),
    ],
    tests: [testOf(rewrittenHistory, "that has grown past the cursor ends a stream that runs with history_rewritten")],
  },
  {
    name: "anchor not required",
    wrong: "the row at the cursor may be missing",
    parts: [
      judgePoll.replaceExport(
        "judgePoll",
        (judge) => (position, events, table) => judge({ ...position, floor: true }, events, table),
      ),
    ],
    tests: [testOf(rewrittenHistory, "ends a stream that runs, and one that starts, with cursor_row_missing")],
  },
  {
    name: "pruned rows are filled",
    wrong: "rows that retention deleted unread are taken for a gap",
    parts: [
      judgePoll.replaceExport("judgePoll", (judge) => async (position, events, table) => {
        const verdict = await judge(position, events, table);
        if (verdict.kind !== "suspected_fault" || verdict.firstId === undefined) return verdict;
        const gap = { prev: position.id, next: verdict.firstId };
        return { kind: "gap", gap, beyond: events, anchored: false };
      }),
    ],
    tests: [
      testOf(
        "test/guarantees/positions-checked/pruned-rows.mysql.test.ts",
        "ends and names its cursor and the first row that is left",
      ),
    ],
  },
  {
    name: "cursor 0 accepts any first row",
    wrong: "the first row that a stream sees counts as the table's first",
    parts: [
      judgePoll.replaceExport("judgePoll", (judge) => (position, events, table) => {
        const [first] = events;
        if (position.id !== 0n || first === undefined) return judge(position, events, table);
        const below: Position = { id: BigInt(first.id) - 1n, anchor: undefined, floor: true };
        return judge(below, events, table);
      }),
    ],
    tests: [testOf(tableStream, "holds at the table's start until row 1 commits")],
  },
  {
    name: "fault at first sight",
    wrong: "a position fault ends the stream at once, as a replica that lags would cause",
    parts: [confirmTime.replaceExport("faultConfirmMs", () => () => 0)],
    tests: [testOf(rewrittenHistory, "is not thrown, and counts from anew when it comes again")],
  },
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
    name: "full pages have no gaps",
    wrong: "a page that is full counts as one without a gap",
    parts: [
      batch.replaceExport(
        "isGapless",
        () =>
          ({ first, last, length }, from, limit) =>
            first !== undefined && last !== undefined && length === limit && BigInt(first.id) === from,
      ),
    ],
    tests: [
      testOf("test/guarantees/committed-rows-only/gaps-and-pages.mysql.test.ts", "a gap in the middle of a full page"),
    ],
  },
  {
    name: "early pages count as they are",
    wrong: "a page that was read early may hide what was committed since",
    parts: [replacePlace<boolean>("an early page that is not whole", () => false)],
    tests: [
      testOf("src/tables/pages/read-ahead.test.ts", "count only if they are whole"),
      testOf(
        "test/guarantees/committed-rows-only/read-ahead.mysql.test.ts",
        "hides nothing that was committed since at its end",
      ),
    ],
  },
  {
    name: "shared pages are let go of",
    wrong: "the first of several streams that were given a page takes it from the others",
    parts: [
      batch.replaceExport("gaplessPage", (find) => (position, page, limit) => {
        const found = find(position, page, limit);
        if (found !== undefined) found.share = () => undefined;
        return found;
      }),
    ],
    tests: [testOf("src/tables/pages/event-cache.mysql.test.ts", "are each given the whole pages that they share")],
  },
  {
    name: "cache outlives its connection",
    wrong: "events that were read on a connection that is gone are served from memory",
    parts: [
      sharedCache.replaceExport(
        "SharedCache",
        (SharedCache) =>
          class extends SharedCache {
            constructor(...[context]: ConstructorParameters<typeof SharedCache>) {
              super(context, () => 1);
            }

            override keep(
              ...[position, { events, last, full }, at]: Parameters<InstanceType<typeof SharedCache>["keep"]>
            ) {
              super.keep(position, { events, last, full, epoch: 1 }, at);
            }
          },
      ),
    ],
    tests: [
      testOf(
        "test/mutants/reconnect.mysql.test.ts",
        "a stream reads anew, after a reconnect, what another stream had read before",
      ),
    ],
  },
  {
    name: "page outlives its connection",
    wrong: "a page that was read ahead is handed over though its connection is gone",
    parts: [replacePlace<boolean>("a page of a connection that is gone", () => false)],
    tests: [testOf(rewrittenHistory, "are not handed over from a page that was read ahead")],
  },
  {
    name: "reads uncommitted rows",
    wrong: "streams read at READ UNCOMMITTED",
    parts: [
      sharedSession.replaceMethod(
        "SharedSession",
        "read",
        (read) =>
          function (work, options) {
            const dirty = { ...options, isolation: "read uncommitted" };
            return read.call(this, work, dirty);
          },
      ),
    ],
    tests: [
      testOf(fromHead, "delivers an id above the head that was open at the call"),
      testOf(lateCommits, "does not wait for ids above the head"),
    ],
  },
  {
    name: "ids sorted as text",
    wrong: "pages are ordered by the text of the ids",
    parts: [
      sharedSession.replaceMethod(
        "SharedSession",
        "rows",
        (rows) =>
          function (sql, params, options) {
            return rows.call(
              this,
              sql.replace(/ order by (\S+) limit /, " order by cast($1 as char) limit "),
              params,
              options,
            );
          },
      ),
    ],
    tests: [testOf(tableStream, "reads past ids of more digits")],
  },
];
