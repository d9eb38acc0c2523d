// A process that writes events in transactions of all kinds, and writes down what was acknowledged.
import { setTimeout as delay } from "node:timers/promises";
import { randomNumbers } from "../../support/random/random-numbers.mjs";
import { Journal } from "./journal.mjs";
import { openPool } from "./open-pool.mjs";

const task = JSON.parse(process.argv[2]);
const { EventsTable, transaction } = await import(task.library);
const journal = new Journal(task.journal);
const events = new EventsTable(task.table);
const pool = await openPool(task.driver, { ...task.database, connectionLimit: task.lanes });
const LONGEST_STOP_MS = 3000;
const rolledBack = new Error("rolled back on purpose");
const stopping = new AbortController();

process.on("message", () => {
  stopping.abort();
  // A lane may wait in a black hole: what it had begun has no known outcome.
  setTimeout(() => process.exit(), LONGEST_STOP_MS);
});
process.on("disconnect", () => process.exit());
journal.write({ kind: "start" });
await Promise.all(Array.from({ length: task.lanes }, (_, lane) => write(lane)));
process.exit();

async function write(lane) {
  const random = randomNumbers(task.seed * 1000 + lane);
  const everyMs = (1000 * task.lanes) / task.perSecond;
  for (let count = 0; !stopping.signal.aborted; count++) {
    // Drawn before anything is done: what the server does must not shift the numbers.
    const plan = {
      size: 1 + Math.floor(random() * 3),
      kind: random(),
      waitMs: 2 * everyMs * random(),
      pauseMs: 20 * random(),
    };
    const foreignIds = Array.from({ length: plan.size }, (_, index) => `${task.tag}.${lane}.${count}.${index}`);
    if (!(await writeOnce(foreignIds, plan))) await delay(50);
    await delay(plan.waitMs);
  }
}

/** False if it failed, so that a server that is down is not asked at full speed. */
async function writeOnce(foreignIds, { kind, pauseMs }) {
  const written = [];
  try {
    if (kind < 0.5) await insert(pool, foreignIds.slice(0, 1), { written });
    else if (kind < 0.6) await insertMany(foreignIds, written);
    else
      await transaction(pool, async (tx) => {
        await insert(tx, foreignIds, { written, pauseMs: kind < 0.8 ? pauseMs : 0 });
        if (kind > 0.9) throw rolledBack;
      });
    journal.write({ kind: "acknowledged", events: written });
    return true;
  } catch (error) {
    if (error === rolledBack) return true;
    const unknown = error?.code === "commit_outcome_unknown";
    journal.write({ kind: unknown ? "unknown" : "failed", foreignIds, message: String(error) });
    return false;
  }
}

async function insert(handle, foreignIds, { written, pauseMs = 0 }) {
  for (const foreignId of foreignIds) {
    written.push([(await events.insert(handle, foreignId, 1)).eventId, foreignId]);
    if (pauseMs > 0) await delay(pauseMs);
  }
}

async function insertMany(foreignIds, written) {
  const { eventId } = await events.insertMany(
    pool,
    foreignIds.map((foreignId) => ({ foreignId, type: 2 })),
  );
  // The ids of a statement of many rows are not all told.
  for (const [index, foreignId] of foreignIds.entries()) written.push([index === 0 ? eventId : undefined, foreignId]);
}
