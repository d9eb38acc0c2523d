// A process of streams and runs that goes on for long, and tells at each question what it holds and what has reached it.
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Journal } from "../../faults/programs/journal.mjs";
import { openPool } from "../../faults/programs/open-pool.mjs";

const task = JSON.parse(process.argv[2]);
const { CursorsTable, createConsumer, EventsTable, runForever } = await import(task.library);
const journal = new Journal(task.journal);
const REOPEN_MS = 100;
const VISIT_EVERY_MS = 200;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** What reached one reader. It has to be few numbers: the process is watched for what grows. */
class Tally {
  name;
  table;
  count = 0;
  /** Of the foreign ids, which are numbers. */
  sum = 0;
  outOfOrder = 0;
  again = 0;
  #highest = 0n;
  #mayRepeat;

  constructor(name, table, mayRepeat) {
    this.name = name;
    this.table = table;
    this.#mayRepeat = mayRepeat;
  }

  /** The cursor from which to go on. */
  get last() {
    return String(this.#highest);
  }

  add({ id, foreignId }) {
    const number = BigInt(id);
    if (number <= this.#highest) {
      if (this.#mayRepeat) this.again++;
      else this.outOfOrder++;
      return;
    }
    this.#highest = number;
    this.count++;
    this.sum += Number(foreignId);
  }
}

const tallies = [];
const told = { stalls: 0, errors: 0, ended: 0, visits: 0 };
const observer = {
  stall: ({ state }) => void (state === "stalled" && told.stalls++),
  hold: () => void told.stalls++,
  error: () => void told.errors++,
};

function tally(name, table, mayRepeat = false) {
  const made = new Tally(name, table, mayRepeat);
  tallies.push(made);
  return made;
}

/** Again and again from where it was: a stream ends when its database is away for long. */
async function readStream(pool, events, made) {
  for (;;) {
    try {
      for await (const event of events.stream(pool, made.last)) made.add(event);
    } catch {
      told.ended++;
    }
    await delay(REOPEN_MS);
  }
}

async function consume(pool, events, { cursors, made }) {
  const consumer = createConsumer(made.name, async (event) => made.add(event));
  for (;;) {
    await runForever({ stream: events.toStream(pool), cursors: cursors.toStore(pool), consumer }, { observer }).catch(
      () => told.ended++,
    );
    await delay(REOPEN_MS);
  }
}

/** Streams that come and go at the head. */
async function visitHead(pool, events) {
  for (;;) {
    const stream = events.stream(pool, "", { fromHead: true });
    try {
      await stream.start();
      const arrived = stream.next().catch(() => undefined);
      await delay(VISIT_EVERY_MS * Math.random());
      await stream.close();
      await arrived;
      told.visits++;
    } catch {
      await stream.close().catch(() => undefined);
    }
    await delay(VISIT_EVERY_MS * Math.random());
  }
}

function sample(number) {
  collectGarbage();
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  const resources = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  journal.write({ kind: "sample", number, heapUsed, rss, resources, told, tallies });
}

process.on("message", (message) => {
  if (message === "stop") process.exit();
  else sample(message.number);
});
process.on("disconnect", () => process.exit());
process.on("warning", ({ name, message }) => {
  if (name !== "ReflexRsqlWarning") journal.write({ kind: "warning", message: `${name}: ${message}` });
});

for (const driver of ["mysql2", "mariadb"]) {
  const pool = await openPool(driver, { ...task.database, connectionLimit: 20 });
  // What mariadb's pool finds while nobody asks of it would end the process.
  pool.on?.("error", () => undefined);
  for (const table of task.tables) {
    const shared = new EventsTable(table, { observer });
    const cursors = new CursorsTable(task.cursors, { observer });
    for (const copy of ["1", "2"]) {
      void readStream(pool, shared, tally(`${driver} ${table} shared ${copy}`, table));
      const own = new EventsTable(table, { observer, cache: false });
      void readStream(pool, own, tally(`${driver} ${table} own ${copy}`, table));
    }
    void consume(pool, shared, { cursors, made: tally(`${driver} ${table} run`, table, true) });
    void visitHead(pool, new EventsTable(table, { observer }));
  }
}
