import { type Mutant, testOf } from "./mutant.ts";

const tableStream = "src/tables/stream/table-stream.mysql.test.ts";
const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const rewrittenHistory = "test/guarantees/positions-checked/rewritten-history.mysql.test.ts";

/** How a stream reads, starts and ends. */
export const readingMutants: readonly Mutant[] = [
  {
    name: "anchor not compared",
    wrong: "the row at the cursor may have become another one",
    edits: [
      {
        file: "src/tables/position/judge-poll.ts",
        find: "position.anchor !== undefined && !isSameRow(first, position.anchor)",
        replace: "false",
      },
    ],
    tests: [testOf(rewrittenHistory, "that has grown past the cursor ends a stream that runs with history_rewritten")],
  },
  {
    name: "anchor not required",
    wrong: "the row at the cursor may be missing",
    edits: [
      {
        file: "src/tables/position/judge-poll.ts",
        find: "position.floor === true",
        replace: "true",
      },
    ],
    tests: [testOf(rewrittenHistory, "ends a stream that runs, and one that starts, with cursor_row_missing")],
  },
  {
    name: "shared pages are let go of",
    wrong: "the first of several streams that were given a page takes it from the others",
    edits: [{ file: "src/tables/pages/batch.ts", find: "if (!this.#shared) this.#events", replace: "this.#events" }],
    tests: [testOf("src/tables/pages/event-cache.mysql.test.ts", "are each given the whole pages that they share")],
  },
  {
    name: "early pages count as they are",
    wrong: "a page that was read early may hide what was committed since",
    edits: [
      {
        file: "src/tables/pages/read-ahead.ts",
        find: "return isGapless(page, early.from, early.limit) ? page : undefined;",
        replace: "return page;",
      },
    ],
    tests: [
      testOf(
        "test/guarantees/committed-rows-only/read-ahead.mysql.test.ts",
        "hides nothing that was committed since at its end",
      ),
      testOf("src/tables/pages/read-ahead.test.ts", "count only if they are whole"),
    ],
  },
  {
    name: "fault at first sight",
    wrong: "a position fault ends the stream at once, as a replica that lags would cause",
    edits: [
      {
        file: "src/tables/reader/suspected-faults.ts",
        find: "performance.now() - this.#since.at >= faultConfirmMs()",
        replace: "true",
      },
    ],
    tests: [testOf(rewrittenHistory, "is not thrown, and counts from anew when it comes again")],
  },
  {
    name: "pruned rows are filled",
    wrong: "rows that retention deleted unread are taken for a gap",
    edits: [
      {
        file: "src/tables/position/judge-poll.ts",
        find: `if (firstId > position.id + 1n) return suspected("history_pruned", firstId);`,
        replace: "",
      },
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
    edits: [
      {
        file: "src/tables/position/judge-poll.ts",
        find: "contiguous(position.id, events)",
        replace: "contiguous(position.id === 0n && events[0] ? BigInt(events[0].id) - 1n : position.id, events)",
      },
    ],
    tests: [testOf(tableStream, "holds at the table's start until row 1 commits")],
  },
  {
    name: "head is MAX(id)",
    wrong: "a stream from the head starts after the highest id, whatever is open below it",
    edits: [
      {
        file: "src/tables/position/start-rules.ts",
        find: "const after = gap === undefined ? reached : gap.prev;",
        replace: "const after = head;",
      },
    ],
    tests: [testOf(fromHead, "delivers what commits below several gaps after the call")],
  },
  {
    name: "a gap ends toHead",
    wrong: "a stream to the head ends at a gap, as if that were the head",
    edits: [
      {
        file: "src/tables/stream/start.ts",
        find: "toHead ? await pages.readHead() : undefined",
        replace:
          "toHead ? (await pages.readRecentIds()).reduce((end, id) => (id === end + 1n ? id : end), 0n) : undefined",
      },
    ],
    tests: [testOf(tableStream, "holds at the table's start until row 1 commits")],
  },
  {
    name: "listens after the read",
    wrong: "a wake-up that comes during a poll is lost",
    edits: [
      {
        file: "src/tables/reader/position-reader.ts",
        find: `      const seen = wakeUps.count;
      const polled = await this.#retried(() => this.#poll(pageLimit));`,
        replace: `      const polled = await this.#retried(() => this.#poll(pageLimit));
          const seen = wakeUps.count;`,
      },
    ],
    tests: [
      testOf("test/mutants/wake-during-poll.mysql.test.ts", "a stream that is woken during a poll polls again at once"),
    ],
  },
  {
    name: "cache outlives its connection",
    wrong: "events that were read on a connection that is gone are served from memory",
    edits: [
      {
        file: "src/tables/reader/shared-cache.ts",
        find: "if (!this.#enabled || this.#epoch !== this.#epochNow()) return undefined;",
        replace: "if (!this.#enabled) return undefined;",
      },
      {
        file: "src/tables/reader/shared-cache.ts",
        find: "if (epoch !== this.#epoch) this.#events.drop();",
        replace: "",
      },
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
    edits: [
      {
        file: "src/tables/stream/page-feed.ts",
        find: "ahead !== undefined && batch.epoch !== reader.pages.epoch",
        replace: "false",
      },
    ],
    tests: [testOf(rewrittenHistory, "are not handed over from a page that was read ahead")],
  },
  {
    name: "full pages have no gaps",
    wrong: "a page that is full counts as one without a gap",
    edits: [
      {
        file: "src/tables/pages/batch.ts",
        find: "return BigInt(first.id) === from && BigInt(last.id) === from + BigInt(limit - 1);",
        replace: "return BigInt(first.id) === from;",
      },
    ],
    tests: [
      testOf("test/guarantees/committed-rows-only/gaps-and-pages.mysql.test.ts", "a gap in the middle of a full page"),
    ],
  },
  {
    name: "reads uncommitted rows",
    wrong: "streams read at READ UNCOMMITTED",
    edits: [
      {
        file: "src/database/sessions/shared-session.ts",
        find: "new BorrowedSession(this.#database, options)",
        replace: `new BorrowedSession(this.#database, { ...options, isolation: "read uncommitted" })`,
      },
    ],
    tests: [
      testOf(fromHead, "delivers an id above the head that was open at the call"),
      testOf(lateCommits, "does not wait for ids above the head"),
    ],
  },
  {
    name: "ids sorted as text",
    wrong: "pages are ordered by the text of the ids",
    edits: [
      {
        file: "src/tables/pages/page-reader.ts",
        find: "order by ${this.#id} limit ${limit}",
        replace: "order by cast(${this.#id} as char) limit ${limit}",
      },
    ],
    tests: [testOf(tableStream, "reads past ids of more digits")],
  },
];
