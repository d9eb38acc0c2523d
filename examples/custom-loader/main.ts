import { createPool } from "mysql2/promise";
import {
  CursorsTable,
  createConsumer,
  createTables,
  type EventsLoader,
  EventsTable,
  makeEvent,
  run,
} from "reflex-rsql";

const OrderEvent = { Placed: 1 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");

interface Row {
  readonly id: string;
  readonly type: 1;
  readonly foreignId: string;
  readonly micros: number | string;
  readonly metadata: string | null;
}

/**
 * Reads each event with its order's present data, so that consumers need no query of their own. The join is a left one:
 * an event that a loader leaves out is a gap at which streams wait.
 */
const withOrders: EventsLoader = async (db, { after, limit }) => {
  const rows = await db.rows<Row>(
    `select cast(e.id as char) as id, e.type, e.foreign_id as foreignId,
       timestampdiff(microsecond, '1970-01-01', e.timestamp) as micros,
       cast(json_object('customer', o.customer, 'cents', o.cents) as char) as metadata
     from loader_events e left join loader_orders o on o.id = e.foreign_id
     where e.id > ? order by e.id limit ${limit}`,
    [after],
  );
  return rows.map(({ micros, ...row }) => makeEvent({ ...row, timestampMicros: Number(micros) }));
};

// With `gaps` the gaps of rolled-back transactions are closed as in other tables: the loader reads every row of this one.
const events = new EventsTable("loader_events", { types: OrderEvent, loader: withOrders, gaps: {} });
const cursors = new CursorsTable("loader_cursors");
await createTables(pool, [events, cursors]);
await pool.query("create table if not exists loader_orders (id int primary key, customer varchar(40), cents int)");

await pool.query("replace into loader_orders values (1, 'Ada', 4200), (2, 'Bela', 990)");
await events.insertMany(pool, [
  { foreignId: "1", type: OrderEvent.Placed },
  { foreignId: "2", type: OrderEvent.Placed },
]);

const printer = createConsumer("printer", ({ id, metadata }) => {
  const { customer, cents } = JSON.parse(Buffer.from(metadata ?? []).toString()) as { customer: string; cents: number };
  console.log(`event ${id}: ${customer} ordered for ${(cents / 100).toFixed(2)}`);
});
await run({
  stream: events.toStream(pool),
  cursors: cursors.toStore(pool),
  consumer: printer,
  options: { toHead: true },
});
await pool.end();
