import { EventEmitter, once } from "node:events";
import { createPool } from "mysql2/promise";
import {
  CursorsTable,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  isExpected,
  runForever,
} from "reflex-rsql";

const PaymentEvent = { Requested: 1 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");
const payments = new EventsTable("steered_payments", { types: PaymentEvent });
const cursors = new CursorsTable("steered_cursors", { changesTable: "steered_changes" });
const errors = new ErrorsTable({ tableName: "steered_errors" });
await createTables(pool, [payments, cursors, errors]);
for (const account of ["alice", "bob", "carol", "dave"]) await payments.insert(pool, account, PaymentEvent.Requested);

const seen = new EventEmitter();
const payer = createConsumer("payer", ({ foreignId }) => {
  if (foreignId === "bob") throw new Error("the account of bob is closed");
  console.log(`paid ${foreignId}`);
  if (foreignId === "dave") seen.emit("dave");
});
const stopping = new AbortController();
const running = runForever(
  { stream: payments.toStream(pool), cursors: cursors.toStore(pool), consumer: payer },
  { signal: stopping.signal, observer: { error: ({ error }) => seen.emit("failure", error) } },
);
const [failure] = await once(seen, "failure");
console.log(`payer is ${running.status().state}: ${failure.message}`);

// What a person on duty does, from here or from any other program that knows the tables.
const [row] = await cursors.list(pool);
if (row === undefined) throw new Error("payer has no cursor");
const lag = await payments.lag(pool, row.cursor);
console.log(`${row.consumer} is at ${row.cursor}, ${lag.events} events behind`);

const eventId: string = failure.details.eventId;
const paidDave = once(seen, "dave");
const record = errors.toErrorInserter(pool);
const skip = await cursors.skip(pool, "payer", {
  eventId,
  events: payments,
  record,
  by: "ann",
  reason: "closed account",
});
await paidDave;
console.log(`skip event ${skip.to}: ${skip.outcome}`);

const paidAgain = once(seen, "dave");
const reset = await cursors.reset(pool, "payer", {
  to: eventId,
  events: payments,
  by: "ann",
  reason: "bank lost them",
});
await paidAgain;
console.log(`go back to ${reset.to}: ${reset.outcome}`);

for (const { kind, from, to, by, reason, outcome } of await cursors.changes(pool, { limit: 2 })) {
  console.log(`${by}: ${kind} from ${from} to ${to}, ${reason}, ${outcome}`);
}
stopping.abort();
await running.catch((error: unknown) => {
  if (!isExpected(error, stopping.signal)) throw error;
});
await pool.end();
