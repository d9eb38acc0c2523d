import { createPool, type ResultSetHeader } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, EventsTable, run } from "reflex-rsql";

const OrderEvent = { Placed: 1 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");
const events = new EventsTable("outbox_events", { types: OrderEvent });
const cursors = new CursorsTable("outbox_cursors");
await createTables(pool, [events, cursors]);
await pool.query(
  "create table if not exists outbox_orders (id int not null auto_increment primary key, cents int not null)",
);

/** The transaction that the application had before. Two lines are new. */
async function placeOrder(cents: number, pay: () => Promise<void>): Promise<string> {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const [{ insertId }] = await connection.execute<ResultSetHeader>("insert into outbox_orders (cents) values (?)", [
      cents,
    ]);
    const notify = await events.insert(connection, String(insertId), OrderEvent.Placed); // new: in this transaction
    await pay();
    await connection.commit();
    notify(); // new, and may be left out: streams of this process read the event now instead of some ms later
    return String(insertId);
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}

const accepted = async (): Promise<void> => {};
const declined = async (): Promise<void> => {
  throw new Error("the card was declined");
};
for (const pay of [accepted, declined, accepted]) {
  try {
    console.log(`order ${await placeOrder(4200, pay)} is placed`);
  } catch (error) {
    console.log(`an order was rolled back, and its event with it: ${(error as Error).message}`);
  }
}

const mailer = createConsumer("mailer", ({ id, foreignId }) => {
  console.log(`mailer: event ${id}, order ${foreignId} was placed`);
});
// With toHead it ends by itself. A service leaves it out, and takes runForever.
await run({
  stream: events.toStream(pool),
  cursors: cursors.toStore(pool),
  consumer: mailer,
  options: { toHead: true },
});
await pool.end();
