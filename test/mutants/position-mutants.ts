import type { Position } from "../../src/tables/position/position.ts";
import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const confirmTime = moduleAt<typeof import("../../src/tables/reader/confirm-time.ts")>(
  "src/tables/reader/confirm-time.ts",
);
const judgePoll = moduleAt<typeof import("../../src/tables/position/judge-poll.ts")>(
  "src/tables/position/judge-poll.ts",
);

const positions = moduleAt<typeof import("../../src/tables/position/position.ts")>("src/tables/position/position.ts");
const eventPosition = moduleAt<typeof import("../../src/reflex/event-position.ts")>("src/reflex/event-position.ts");
const eventRow = moduleAt<typeof import("../../src/tables/events/event-row.ts")>("src/tables/events/event-row.ts");
const start = moduleAt<typeof import("../../src/tables/stream/start.ts")>("src/tables/stream/start.ts");

const positionAtStart = "test/guarantees/positions-checked/position-at-start.mysql.test.ts";
const tableStream = "src/tables/stream/table-stream.mysql.test.ts";
const rewrittenHistory = "test/guarantees/positions-checked/rewritten-history.mysql.test.ts";

/** What a stream makes of a poll. */
export const positionMutants: readonly Mutant[] = [
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
    name: "position not compared at the start",
    wrong: "whatever row stands at the cursor is taken for the one that was passed, as if no position had been stored",
    parts: [positions.replaceExport("fitsPosition", (fits) => (row, at) => fits(row, { ...at, expected: undefined }))],
    tests: [testOf(positionAtStart, "ends with history_rewritten if the table")],
  },
  {
    name: "position of another id trusted",
    wrong: "a position counts though the cursor was moved since by someone who knows of no positions",
    parts: [eventPosition.replaceExport("positionAt", () => (_cursor, stored) => stored)],
    tests: [testOf(positionAtStart, "is ignored: one")],
  },
  {
    name: "expectation dropped while the row is missing",
    wrong: "a row that comes after the start at the cursor is not compared with the position",
    parts: [
      start.replaceExport("startOf", (startOf) => async (reader, source) => {
        const started = await startOf(reader, source);
        const { id, anchor } = started.position;
        const first = await reader.pages.readRow(id, source.signal);
        return first === undefined ? { ...started, position: { id, anchor } } : started;
      }),
    ],
    tests: [
      testOf(
        positionAtStart,
        "ends with history_rewritten if another row comes while it asks after the one that is missing",
      ),
    ],
  },
  {
    name: "expectations shared",
    wrong: "streams that wait at one id are judged by what the first of them expects there",
    parts: [
      positions.replaceExport(
        "agree",
        (agree) => (a, b) => agree({ ...a, expected: undefined }, { ...b, expected: undefined }),
      ),
    ],
    tests: [testOf(positionAtStart, "is judged by its own position, though others wait at the same cursor")],
  },
  {
    name: "unconfirmed positions are passed",
    wrong:
      "a stream ends at the head, or goes on from memory, before the row at its cursor was found to be the expected one",
    parts: [positions.replaceExport("isUnconfirmed", () => () => false)],
    tests: [
      testOf(
        positionAtStart,
        "is given no events from memory before the row at its cursor was found to be the right one",
      ),
      testOf(
        positionAtStart,
        "and toHead ends with history_rewritten if exactly as many rows were inserted after a TRUNCATE",
      ),
    ],
  },
  {
    name: "times compared as they are read",
    wrong: "correcting the option storedZone makes another row of each",
    parts: [eventRow.replaceExport("toEvent", (toEvent) => (row) => toEvent({ ...row, stored_micros: row.micros }))],
    tests: [testOf(positionAtStart, "is no fault after storedZone was corrected from")],
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
    name: "beyond all rows is the head",
    wrong: "a stream whose cursor lies beyond the table's rows waits there, as if they were still to come",
    parts: [
      judgePoll.replaceExport("judgePoll", (judge) => async (position, events, table) => {
        const verdict = await judge(position, events, table);
        const ahead = verdict.kind === "suspected_fault" && verdict.code === "cursor_ahead";
        return ahead ? { kind: "head" } : verdict;
      }),
    ],
    tests: [testOf(rewrittenHistory, "ends a stream that runs, and one that starts, with cursor_ahead")],
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
];
