// A process that streams a table for the model test, up to the event that ends the round.
import { createPool } from "mysql2/promise";

const { EventsTable } = await import(process.argv[2]);

process.on("message", ({ url, table, last }) => {
  read(url, table, last).catch((error) => process.send({ kind: "failed", message: String(error) }));
});
process.on("disconnect", () => process.exit());

async function read(url, table, last) {
  const pool = createPool({ uri: url, connectionLimit: 5 });
  const stream = new EventsTable(table).stream(pool, "");
  pages: for await (const page of stream.batches()) {
    process.send({ kind: "events", events: page.map(({ id, foreignId, type }) => ({ id, foreignId, type })) });
    for (const { foreignId } of page) if (foreignId === last) break pages;
  }
  await pool.end();
  process.send({ kind: "done" });
}
