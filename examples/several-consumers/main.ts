import { createPool } from "mysql2/promise";
import { type Consumer, CursorsTable, createConsumer, createTables, EventsTable, run } from "reflex-rsql";

const OrderEvent = { Placed: 1, Paid: 2 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");
const orders = new EventsTable("several_events", { types: OrderEvent });
const cursors = new CursorsTable("several_cursors");
await createTables(pool, [orders, cursors]);

const handled: string[] = [];
const mailer = createConsumer("mailer", ({ id }) => void handled.push(`mailer ${id}`));
// Its cursor passes the events of other types as well.
const accountant = createConsumer("accountant", ({ id }) => void handled.push(`accountant ${id}`), {
  types: [OrderEvent.Paid],
});
const report = createConsumer("report", ({ id }) => void handled.push(`report ${id}`));

/** Runs these side by side, each from its own cursor to the head. All share one connection and what is read through it. */
async function runAll(title: string, consumers: readonly Consumer[]): Promise<void> {
  handled.length = 0;
  const stream = orders.toStream(pool);
  const store = cursors.toStore(pool);
  await Promise.all(consumers.map((consumer) => run({ stream, cursors: store, consumer, options: { toHead: true } })));
  console.log(title);
  for (const { name } of consumers) {
    const ids = handled.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
    console.log(`  ${name}: ${ids.length === 0 ? "nothing new" : ids.join(", ")}`);
  }
}

await orders.insertMany(pool, [
  { foreignId: "order-1", type: OrderEvent.Placed },
  { foreignId: "order-1", type: OrderEvent.Paid },
]);
await runAll("two consumers", [mailer, accountant]);

await orders.insertMany(pool, [
  { foreignId: "order-2", type: OrderEvent.Placed },
  { foreignId: "order-2", type: OrderEvent.Paid },
]);
await runAll("a third joins; it begins where its own cursor is, at first at the first event", [
  mailer,
  accountant,
  report,
]);
await runAll("nothing has happened since", [mailer, accountant, report]);
await pool.end();
