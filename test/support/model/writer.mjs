// A process of writers for the model test: random transactions on connections of its own, told in full to the parent.
import { setTimeout as delay } from "node:timers/promises";
import { createPool } from "mysql2/promise";
import { randomNumbers } from "../random/random-numbers.mjs";
import { planTransaction, veryLong } from "./transaction-plan.mjs";

const { EventsTable } = await import(process.argv[2]);

process.on("message", (round) => void writeRound(round));
process.on("disconnect", () => process.exit());

async function writeRound({ url, table, seed, writer, connections, transactions }) {
  const events = new EventsTable(table);
  const lanes = Array.from({ length: connections }, async (_, lane) => {
    const random = randomNumbers(seed * 1000 + writer * connections + lane);
    const pool = createPool({ uri: url, connectionLimit: 1 });
    for (let number = 0; number < transactions; number++) {
      const record = newRecord(`${writer}.${lane}.${number}`);
      const drawn = planTransaction(random);
      const plan = isMiddle(writer, lane, number / transactions) ? veryLong(drawn) : drawn;
      await delay(plan.idleMs);
      await runTransaction(pool, events, { plan, record });
      process.send({ kind: "transaction", ...record });
    }
    await pool.end();
  });
  await Promise.all(lanes);
  process.send({ kind: "done" });
}

/** One transaction a round. */
function isMiddle(writer, lane, part) {
  return writer === 0 && lane === 0 && part === 0.5;
}

function newRecord(name) {
  return { name, outcome: "rolled back", kept: [], dropped: [], commitSentAt: 0, acknowledgedAt: 0, error: undefined };
}

async function runTransaction(pool, events, { plan, record }) {
  const next = () => `${record.name}.${record.kept.length + record.dropped.length}`;
  const insert = async (handle, count, into) => {
    const foreignIds = [];
    for (let index = 0; index < count; index++) {
      foreignIds.push(next());
      into.push({ foreignId: foreignIds[index] });
    }
    const rows = foreignIds.map((foreignId) => ({ foreignId, type: 1 + (count % 3) }));
    const notify = await (count === 1
      ? events.insert(handle, rows[0].foreignId, rows[0].type)
      : events.insertMany(handle, rows));
    into[into.length - count].id = notify.eventId;
  };
  if (plan.onPool) return insertOnPool(() => insert(pool, plan.rows, record.kept), record);
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    if (plan.insertMany > 0) await insert(connection, plan.insertMany, record.kept);
    for (const [index, pauseMs] of plan.pausesMs.entries()) {
      if (plan.savepoint?.before === index)
        await undoneInserts(connection, () => insert(connection, plan.savepoint.rows, record.dropped));
      if (plan.insertMany === 0) await insert(connection, 1, record.kept);
      if (pauseMs > 0) await delay(pauseMs);
    }
    await delay(plan.beforeEndMs);
    await endTransaction(connection, plan, record);
  } catch (error) {
    record.error = String(error);
    connection.destroy();
  }
}

async function insertOnPool(insert, record) {
  record.commitSentAt = now();
  try {
    await insert();
    record.outcome = "committed";
    record.acknowledgedAt = now();
  } catch (error) {
    record.outcome = error?.code === "commit_outcome_unknown" ? "unknown" : "rolled back";
    record.error = String(error);
  }
}

async function undoneInserts(connection, insert) {
  await connection.query("savepoint before_some");
  await insert();
  await connection.query("rollback to savepoint before_some");
}

async function endTransaction(connection, plan, record) {
  switch (plan.ending) {
    case "dies":
      connection.destroy();
      return;
    case "rolls back":
      await connection.rollback();
      connection.release();
      return;
    case "dies in commit":
      await commitAndDie(connection, plan, record);
      return;
    case "commits":
      record.commitSentAt = now();
      record.outcome = "unknown";
      await connection.commit();
      record.outcome = "committed";
      record.acknowledgedAt = now();
      connection.release();
  }
}

/** The answer to COMMIT and the end of the connection race: without the answer nobody knows what became of it. */
async function commitAndDie(connection, plan, record) {
  record.commitSentAt = now();
  record.outcome = "unknown";
  const committed = connection.commit().then(
    () => true,
    () => false,
  );
  if (await Promise.race([committed, delay(plan.deathMs, false)])) {
    record.outcome = "committed";
    record.acknowledgedAt = now();
  }
  connection.destroy();
}

/** The machine's monotonic clock in ms: the same for all processes. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
