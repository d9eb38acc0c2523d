import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const eventInsert = moduleAt<typeof import("../../src/tables/events/event-insert.ts")>(
  "src/tables/events/event-insert.ts",
);
const cursorStatements = moduleAt<typeof import("../../src/tables/cursors/cursor-statements.ts")>(
  "src/tables/cursors/cursor-statements.ts",
);
const sqlErrors = moduleAt<typeof import("../../src/database/sql-errors.ts")>("src/database/sql-errors.ts");

const inFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";

/** How events and cursors are written. */
export const writingMutants: readonly Mutant[] = [
  {
    name: "insert gives up at a noop",
    wrong: "an insert whose id a noop has taken fails instead of taking a new one",
    parts: [sqlErrors.replaceExport("duplicateKeyName", () => () => undefined)],
    tests: [testOf(inFlight, "gets new ids in the same transaction when a noop took one of its own")],
  },
  {
    name: "inserts ignore noops",
    wrong: "an event whose id a noop has taken vanishes without an error",
    parts: [
      eventInsert.replaceExport(
        "insertText",
        (make) =>
          (...of) =>
            make(...of).replace("insert into", "insert ignore into"),
      ),
    ],
    tests: [testOf(inFlight, "gets new ids in the same transaction when a noop took one of its own")],
  },
  {
    name: "commits after a lost transaction",
    wrong: "a transaction that the server has rolled back goes on, and what comes after is committed alone",
    parts: [eventInsert.replaceExport("losesTransaction", () => () => false)],
    tests: [
      testOf(
        "test/guarantees/with-its-transaction/lost-transactions.mysql.test.ts",
        "with a deadlock has transaction() commit nothing",
      ),
    ],
  },
  {
    name: "cursors written unseen",
    wrong: "a flush overwrites a cursor that someone else has moved since",
    parts: [
      cursorStatements.replaceMethod(
        "CursorStatements",
        "move",
        (move) =>
          function (moves) {
            const { sql, params } = move.call(this, moves);
            return { sql: sql.replaceAll(" and ", " or 1 = 0 and "), params };
          },
      ),
    ],
    tests: [testOf("src/tables/cursors/cursors-table.database.test.ts", "a cursor that someone else moved is kept")],
  },
];
