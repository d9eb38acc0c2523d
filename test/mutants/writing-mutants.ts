import { type Mutant, testOf } from "./mutant.ts";

const inFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";

/** How events and cursors are written. */
export const writingMutants: readonly Mutant[] = [
  {
    name: "insert gives up at a noop",
    wrong: "an insert whose id a noop has taken fails instead of taking a new one",
    edits: [
      {
        file: "src/tables/events/event-insert.ts",
        find: "attempt === MOST_TRIES) throw",
        replace: "attempt >= 1) throw",
      },
    ],
    tests: [testOf(inFlight, "gets new ids in the same transaction when a noop took one of its own")],
  },
  {
    name: "inserts ignore noops",
    wrong: "an event whose id a noop has taken vanishes without an error",
    edits: [
      {
        file: "src/tables/events/event-insert.ts",
        find: "return `insert into ",
        replace: "return `insert ignore into ",
      },
    ],
    tests: [testOf(inFlight, "gets new ids in the same transaction when a noop took one of its own")],
  },
  {
    name: "commits after a lost transaction",
    wrong: "a transaction that the server has rolled back goes on, and what comes after is committed alone",
    edits: [
      {
        file: "src/tables/events/event-insert.ts",
        find: `return lost || meaning === "transaction_lost" || meaning === "connection_lost";`,
        replace: "return false;",
      },
    ],
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
    edits: [
      {
        file: "src/tables/cursors/cursor-statements.ts",
        find: " and ${this.#comparable} = ${this.#comparableValue})`",
        replace: " and (1 = 1 or ${this.#comparable} = ${this.#comparableValue}))`",
      },
    ],
    tests: [testOf("src/tables/cursors/cursors-table.database.test.ts", "a cursor that someone else moved is kept")],
  },
];
