import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const changedValues = moduleAt<typeof import("../../src/database/changed-values.ts")>("src/database/changed-values.ts");
const lostTransaction = moduleAt<typeof import("../../src/tables/events/lost-transaction.ts")>(
  "src/tables/events/lost-transaction.ts",
);
const eventInsert = moduleAt<typeof import("../../src/tables/events/event-insert.ts")>(
  "src/tables/events/event-insert.ts",
);
const insertLots = moduleAt<typeof import("../../src/tables/events/insert-lots.ts")>(
  "src/tables/events/insert-lots.ts",
);
const sqlErrors = moduleAt<typeof import("../../src/database/sql-errors.ts")>("src/database/sql-errors.ts");
const transaction = moduleAt<typeof import("../../src/database/handles/transaction.ts")>(
  "src/database/handles/transaction.ts",
);

const mysql2Idle = moduleAt<typeof import("../../src/database/drivers/mysql2-idle.ts")>(
  "src/database/drivers/mysql2-idle.ts",
);
const storedValue = moduleAt<typeof import("../../src/tables/schema/stored-value.ts")>(
  "src/tables/schema/stored-value.ts",
);

const inFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";

/** How events are written, with the transaction that they belong to. */
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
    name: "keeps what the server has changed",
    wrong: "nobody reads the warnings of a server that stores another value, such as a noop in place of an event",
    parts: [changedValues.replaceExport("readWarnings", () => async () => ({ changed: [], complete: true }))],
    tests: [
      testOf(
        "src/tables/events/changed-values.mysql.test.ts",
        "among others, in transaction(), which does not commit though its user goes on",
      ),
    ],
  },
  {
    name: "commits after a lost transaction",
    wrong: "a transaction that the server has rolled back goes on, and what comes after is committed alone",
    parts: [lostTransaction.replaceExport("losesTransaction", () => () => false)],
    tests: [
      testOf(
        "test/guarantees/with-its-transaction/lost-transactions.mysql.test.ts",
        "with a deadlock has transaction() commit nothing",
      ),
    ],
  },
  {
    name: "commits what has thrown",
    wrong: "a transaction whose function throws is committed",
    parts: [
      transaction.replaceExport("transaction", (run) => async (db, use, options) => {
        const thrown: unknown[] = [];
        const result = await run(
          db,
          (tx) =>
            use(tx).catch((error: unknown) => {
              thrown.push(error);
              return undefined as never;
            }),
          options,
        );
        for (const error of thrown) throw error;
        return result;
      }),
    ],
    tests: [testOf("src/database/handles/begin.mysql.test.ts", "that throws is rolled back, as is none but it")],
  },
  {
    name: "takes every session for idle",
    wrong: "START TRANSACTION commits what the last user of the connection has left open",
    parts: [mysql2Idle.replaceExport("lastStatus", () => () => 2)],
    tests: [
      testOf("src/database/handles/shared-connection.mysql.test.ts", "a transaction whose last statement failed"),
    ],
  },
  {
    name: "sends every type as text",
    wrong: "a column that is none of numbers makes another type of it",
    parts: [storedValue.replaceExport("holdsIntegers", () => () => true)],
    tests: [testOf("src/tables/events/insert-lots.mysql.test.ts", "are stored as they are in a column of ")],
  },
  {
    name: "makes lots by rows alone",
    wrong: "insertMany of large events sends packets that the server refuses",
    parts: [insertLots.replaceExport("lotSize", (size) => (rows) => size({ ...rows, bytesOf: () => 0 }))],
    tests: [testOf("src/tables/events/insert-lots.mysql.test.ts", "of %i events of %i bytes takes %i statements")],
  },
];
