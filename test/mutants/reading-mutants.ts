import { moduleAt, replacePlace } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const batch = moduleAt<typeof import("../../src/tables/pages/batch.ts")>("src/tables/pages/batch.ts");
const eventMemory = moduleAt<typeof import("../../src/tables/pages/event-memory.ts")>(
  "src/tables/pages/event-memory.ts",
);
const memoryWait = moduleAt<typeof import("../../src/tables/reader/memory-wait.ts")>(
  "src/tables/reader/memory-wait.ts",
);
const readAhead = moduleAt<typeof import("../../src/tables/pages/read-ahead.ts")>("src/tables/pages/read-ahead.ts");
const sharedCache = moduleAt<typeof import("../../src/tables/reader/shared-cache.ts")>(
  "src/tables/reader/shared-cache.ts",
);
const sharedSession = moduleAt<typeof import("../../src/database/sessions/shared-session.ts")>(
  "src/database/sessions/shared-session.ts",
);
const schemaCheck = moduleAt<typeof import("../../src/tables/schema/schema-check.ts")>(
  "src/tables/schema/schema-check.ts",
);

const tableStream = "src/tables/stream/table-stream.mysql.test.ts";
const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const rewrittenHistory = "test/guarantees/positions-checked/rewritten-history.mysql.test.ts";

/** How a stream reads, and what it remembers. */
export const readingMutants: readonly Mutant[] = [
  {
    name: "columns are not looked at",
    wrong: "a table counts as the right one whatever the types of its columns",
    parts: [
      schemaCheck.replaceExport(
        "SchemaCheck",
        (SchemaCheck) =>
          class extends SchemaCheck {
            constructor(table: string) {
              super(table, () => []);
            }
          },
      ),
    ],
    tests: [testOf("src/tables/schema/schema-check.mysql.test.ts", "with %j is refused")],
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
    parts: [replacePlace<boolean>("a page read ahead that is not gapless", () => false)],
    tests: [
      testOf("src/tables/pages/read-ahead.test.ts", "count only if they are full"),
      testOf(
        "test/guarantees/committed-rows-only/read-ahead.mysql.test.ts",
        "hides nothing that was committed since at its end",
      ),
    ],
  },
  {
    name: "long values are nothing",
    wrong: "an event whose values were left out of its page is delivered as if it had none",
    parts: [replacePlace<boolean>("an event whose values were left out", () => false)],
    tests: [
      testOf(
        "src/tables/pages/long-values.database.test.ts",
        "are delivered to each of several streams, at one place and at others",
      ),
    ],
  },
  {
    name: "long values of whichever row",
    wrong: "an event is given the values that are found under its id, whatever row that is by now",
    parts: [replacePlace<boolean>("a row whose values were left out is another one by now", () => false)],
    tests: [
      testOf("src/tables/pages/long-values.mysql.test.ts", "and is another one by now"),
      testOf("src/tables/pages/long-values.test.ts", "nothing if a row is another one by now"),
    ],
  },
  {
    name: "long values of any connection",
    wrong: "values are joined to a page that may have been undone with its connection",
    parts: [replacePlace<boolean>("long values of another connection", () => false)],
    tests: [testOf("src/tables/pages/long-values.test.ts", "nothing if the rows came by another connection")],
  },
  {
    name: "long values by id alone",
    wrong: "values that no read by id gets are asked for by id for ever",
    parts: [replacePlace<boolean>("reads by id that get no rows", () => false)],
    tests: [testOf("src/tables/pages/long-values.mysql.test.ts", "are delivered with few statements")],
  },
  {
    name: "lost values are nothing",
    wrong: "an event whose values the server could not convert is delivered without them",
    parts: [replacePlace<boolean>("values that a cast has lost", () => true)],
    tests: [testOf("src/tables/pages/cut-off-values.mysql.test.ts", "ends the stream with an error that names it")],
  },
  {
    name: "long values know no bound",
    wrong: "whoever wants to read long values may, whatever others hold",
    parts: [
      eventMemory.replaceMethod(
        "EventMemory",
        "room",
        () =>
          function (bytes) {
            return Promise.resolve(this.take(bytes));
          },
      ),
    ],
    tests: [
      testOf("src/tables/pages/long-values.mysql.test.ts", "streams at many places hold no more long values"),
      testOf("src/tables/pages/event-memory.test.ts", "grants room while less is held than may be"),
    ],
  },
  {
    name: "small pieces wait like large ones",
    wrong: "a consumer that works long on a large event has all streams of small ones wait",
    parts: [eventMemory.replaceMethod("EventMemory", "roomNow", () => () => undefined)],
    tests: [
      testOf("src/tables/pages/long-values.mysql.test.ts", "a stream of smaller events does not wait"),
      testOf("src/tables/pages/event-memory.test.ts", "has room for small pieces at once"),
    ],
  },
  {
    name: "each wait for memory is told",
    wrong: "a stream that waits before each of its events is told again and again",
    parts: [
      memoryWait.replaceMethod(
        "MemoryWait",
        "room",
        (room) =>
          function (bytes, wait) {
            this.passed();
            return room.call(this, bytes, wait);
          },
      ),
    ],
    tests: [testOf("src/tables/reader/memory-wait.test.ts", "tells once of many short waits")],
  },
  {
    name: "pages of another size are thrown away",
    wrong: "a page that was asked for early counts only while pages have that size",
    parts: [
      readAhead.replaceMethod(
        "ReadAhead",
        "read",
        (read) =>
          function (from, limit, signal) {
            return read.call(this, from, limit, signal).then((page) => {
              if (page.asked === limit.rows) return page;
              return read.call(this, from, limit, signal);
            });
          },
      ),
    ],
    tests: [testOf("src/tables/pages/read-ahead.test.ts", "count also where pages have another size by now")],
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
    tests: [testOf("src/tables/pages/event-cache.mysql.test.ts", "are each given the full pages that they share")],
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
];
