import { createPool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, ErrorStatus, ErrorsTable, EventsTable, run } from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";

const PaymentEvent = { Requested: 1 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");
const payments = new EventsTable("letter_payments", { types: PaymentEvent });
const cursors = new CursorsTable("letter_cursors");
const errors = new ErrorsTable({ tableName: "letter_errors" });
await createTables(pool, [payments, cursors, errors]);
for (const account of ["alice", "bob", "carol"]) await payments.insert(pool, account, PaymentEvent.Requested);

const closedAccounts = new Set(["bob"]);
const payer = createConsumer("payer", ({ foreignId }) => {
  if (closedAccounts.has(foreignId)) throw new Error(`the account of ${foreignId} is closed`);
  console.log(`paid ${foreignId}`);
});
const consumer = createDeadLetterConsumer(payer, {
  errors: errors.toErrorInserter(pool),
  retries: 2,
  onDeadLetter: ({ event, errorId }) => console.log(`gave up event ${event.id}: error ${errorId}`),
});

await run({
  stream: payments.toStream(pool),
  cursors: cursors.toStore(pool),
  consumer,
  options: { toHead: true },
});

// Later, in a program for people on duty.
const [error] = await errors.list(pool, { consumer: "payer", status: ErrorStatus.Recorded });
if (error === undefined) throw new Error("there is no error to retry");
console.log(`error ${error.id}, event ${error.eventId}: ${error.message}`);
closedAccounts.clear();
await errors.retry(pool, error.id, { consumer, events: payments });
const open = await errors.list(pool, { consumer: "payer", status: ErrorStatus.Recorded });
console.log(`open errors: ${open.length}`);
await pool.end();
