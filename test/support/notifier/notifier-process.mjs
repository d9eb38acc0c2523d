// One process of the socket notifier's tests: it writes events, or consumes events and reports each with its time.
import { createPool } from "mysql2/promise";

const { EventsTable, socketNotifier } = await import(process.argv[2]);
const { role, url, table: name, notifier: options } = JSON.parse(process.argv[3]);
const notifier = socketNotifier(options);

const now = () => Number(process.hrtime.bigint() / 1000n);

if (role === "idle") {
  // The process has nothing left to do after this: it must end by itself, though its notifier listens.
  notifier.subscribe(() => undefined);
  notifier.notify();
  setTimeout(() => console.log("idle"), 300);
} else {
  const pool = createPool(url);
  const table = new EventsTable(name, { notifier, wake: false, backoffMs: 600_000 });
  process.on("disconnect", () => process.exit());
  if (role === "consume") {
    const stream = table.stream(pool, "");
    await stream.start();
    process.send({ kind: "ready" });
    for await (const event of stream) process.send({ kind: "event", id: event.id, at: now() });
  } else {
    const commit = async () => {
      const { eventId } = await table.insert(pool, "x", 1);
      process.send({ kind: "committed", id: eventId, at: now() });
    };
    process.on("message", () => void commit());
    process.send({ kind: "ready" });
  }
}
