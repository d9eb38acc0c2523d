// A process that runs a consumer with the defaults of everything, and writes down each event before it is done with it.
import { setTimeout as delay } from "node:timers/promises";
import { Journal } from "./journal.mjs";
import { openPool } from "./open-pool.mjs";

const task = JSON.parse(process.argv[2]);
const { CursorsTable, createConsumer, EventsTable, runForever } = await import(task.library);
const journal = new Journal(task.journal);
const stopping = new AbortController();

const observer = {
  stall: ({ state, reason }) => journal.write({ kind: "stall", state, reason }),
  hold: ({ state, reason, error }) => journal.write({ kind: "hold", state, reason, code: error?.code }),
  cursorChange: ({ kind, outcome, to }) => journal.write({ kind: "change", of: kind, outcome, to }),
  error: ({ activity, error, retryInMs }) =>
    journal.write({ kind: "error", activity, code: error?.code, message: String(error), retryInMs }),
};

const pool = await openPool(task.driver, task.database);
const cursorPool = task.cursorDatabase === undefined ? pool : await openPool(task.driver, task.cursorDatabase);
const consumer = createConsumer(
  task.name,
  async ({ id, foreignId }) => {
    journal.write({ kind: "event", id, foreignId });
    if (task.handleMs > 0) await delay(task.handleMs);
  },
  { reset: async () => journal.write({ kind: "stream" }) },
);

process.on("message", () => stopping.abort());
// The harness has gone: nobody counts any more.
process.on("disconnect", () => process.exit());
journal.write({ kind: "start" });
try {
  await runForever(
    {
      stream: new EventsTable(task.table, { observer }).toStream(pool),
      cursors: new CursorsTable(task.cursors, { observer }).toStore(cursorPool),
      consumer,
    },
    { signal: stopping.signal, observer },
  );
  journal.write({ kind: "ended", message: "the stream ended" });
} catch (error) {
  if (!stopping.signal.aborted) journal.write({ kind: "ended", message: String(error) });
}
// A connection in a black hole would keep a pool from ending.
process.exit();
