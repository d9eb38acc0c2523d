import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createPool, type ResultSetHeader } from "mysql2/promise";
import {
  CursorsTable,
  createConsumer,
  createTables,
  EventsTable,
  isExpected,
  runForever,
  transaction,
} from "reflex-rsql";

const OrderEvent = { Placed: 1 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");
const orders = new EventsTable("shutdown_events", { types: OrderEvent });
const cursors = new CursorsTable("shutdown_cursors");
await createTables(pool, [orders, cursors]);
await pool.query("create table if not exists shutdown_orders (id int not null auto_increment primary key)");

const mailer = createConsumer("mailer", async ({ foreignId }) => {
  console.log(`order ${foreignId}: sending a mail`);
  await delay(1000); // stands for a slow mail server
  console.log(`order ${foreignId}: the mail is sent`);
});

const server = createServer((request, response) => {
  placeOrder(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

async function placeOrder(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") {
    response.writeHead(405).end();
    return;
  }
  const orderId = await transaction(pool, async (tx) => {
    const [{ insertId }] = await tx.execute<ResultSetHeader>("insert into shutdown_orders () values ()");
    await orders.insert(tx, String(insertId), OrderEvent.Placed);
    return insertId;
  });
  response.end(`order ${orderId}\n`);
}

const stopping = new AbortController();
const consuming = runForever(
  { stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer: mailer },
  { signal: stopping.signal, shutdownMs: 10_000 },
);

server.listen(Number(process.env["PORT"] ?? 3000));
await once(server, "listening");
console.log(`listening on http://localhost:${(server.address() as AddressInfo).port}`);

/** In this order: what comes in, then what works on it, then what both need. */
async function shutDown(signal: NodeJS.Signals): Promise<void> {
  console.log(`${signal}: no more requests`);
  const closed = once(server, "close");
  server.close(); // waits for the requests at hand
  await closed;
  stopping.abort();
  await consuming.catch(ignoreAbort); // waits for the mail at hand, and writes the cursor
  await pool.end();
  console.log("stopped");
}

function ignoreAbort(error: unknown): void {
  if (!isExpected(error, stopping.signal)) throw error;
}

const signals = ["SIGTERM", "SIGINT"] as const;
function onSignal(signal: NodeJS.Signals): void {
  for (const name of signals) process.off(name, onSignal); // a second one ends the process at once
  void shutDown(signal);
}
for (const name of signals) process.on(name, onSignal);

// A programmer's mistake is all else that ends it: a service without its consumer must not look healthy.
await consuming.catch(ignoreAbort);
