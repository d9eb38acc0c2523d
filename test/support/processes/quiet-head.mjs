// Opens and closes streams or runs at the head of a table to which nothing is written, while another stream waits there. Writes
// how many bytes of the heap each has left behind. Arguments: the URL of the library, that of the database, the table, what to
// open.
import { setImmediate as tick } from "node:timers/promises";
import { createPool } from "mysql2/promise";

const [libraryUrl, databaseUrl, tableName, what] = process.argv.slice(2);
const { EventsTable, createTables, run } = await import(libraryUrl);

const BATCHES = 4;
// An object of its own has its table looked at, which takes long.
const EACH_BATCH = what === "stream of an object of its own" ? 100 : 500;

const pool = createPool(databaseUrl);
const table = new EventsTable(tableName);
await createTables(pool, [table]);
await table.insert(pool, "first", 1);

const standing = table.stream(pool, "1");
await standing.start();
const next = standing.next();

const longLived = new AbortController();

/** Each run begins with the first event. */
const forgetful = { getCursor: async () => "", setCursor: async () => undefined, flush: async () => undefined };

const works = {
  async stream() {
    await openAndClose(table.stream(pool, "1"));
  },
  async "stream with a signal"() {
    await openAndClose(table.stream(pool, "1", { signal: longLived.signal }));
  },
  async "stream of an object of its own"() {
    await openAndClose(new EventsTable(tableName).stream(pool, "1"));
  },
  async run() {
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, longLived.signal]);
    // The run waits at the head a moment after its only event.
    const consume = async () => void setImmediate(() => setImmediate(() => ending.abort(new Error("enough"))));
    const spec = {
      cursors: forgetful,
      stream: (_after, options) => table.stream(pool, "", options),
      consumer: { name: "reader", consume },
    };
    await run(spec, { signal }).catch(() => undefined);
  },
};

async function openAndClose(stream) {
  await stream.start();
  const pending = stream.next();
  await tick();
  await stream.close();
  await pending;
}

function heapUsed() {
  // The second one takes what the finalizers of the first have let go.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function repeat(count) {
  for (let round = 0; round < count; round++) await works[what]();
  for (let turn = 0; turn < 10; turn++) await tick();
}

await repeat(EACH_BATCH);
// Code that is compiled meanwhile, and the like, grows in some batches; what is left behind grows in each.
let bytesEach = Number.POSITIVE_INFINITY;
let before = heapUsed();
for (let batch = 0; batch < BATCHES; batch++) {
  await repeat(EACH_BATCH);
  const now = heapUsed();
  bytesEach = Math.min(bytesEach, (now - before) / EACH_BATCH);
  before = now;
}
process.stdout.write(`${JSON.stringify({ bytesEach })}\n`);
await standing.close();
await next;
await pool.end();
