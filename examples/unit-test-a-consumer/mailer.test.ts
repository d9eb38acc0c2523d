// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import Database from "libsql";
import { CursorsTable, createTables, EventsTable, isReflexError, run } from "reflex-rsql";
import { createMailer, OrderEvent, type SendMail } from "./mailer.js";

const orders = new EventsTable("order_events", { types: OrderEvent });
const cursors = new CursorsTable("cursors");
let db: Database.Database;

beforeEach(async () => {
  db = new Database(":memory:");
  await createTables(db, [orders, cursors]);
});

/** Lets the mailer handle what is new, through the same `run` as in production. */
async function runMailer(sendMail: SendMail): Promise<void> {
  const consumer = createMailer(sendMail);
  await run({ stream: orders.toStream(db), cursors: cursors.toStore(db), consumer, options: { toHead: true } });
}

test("sends one mail for each order that was placed, and none for other events", async () => {
  await orders.insert(db, "o-1", OrderEvent.Placed);
  await orders.insert(db, "o-1", OrderEvent.Paid);
  await orders.insert(db, "o-2", OrderEvent.Placed);
  const sent: string[] = [];
  await runMailer(async ({ orderId }) => void sent.push(orderId));
  await runMailer(async ({ orderId }) => void sent.push(orderId));
  assert.deepEqual(sent, ["o-1", "o-2"]);
});

test("a mail that could not be sent is sent by the next run, under the same key", async () => {
  await orders.insert(db, "o-1", OrderEvent.Placed);
  const keys: string[] = [];
  const failing = runMailer(async ({ key }) => {
    keys.push(key);
    throw new Error("the mail server is down");
  });
  await assert.rejects(failing, (error) => isReflexError(error, "consumer_failed"));
  await runMailer(async ({ key }) => void keys.push(key));
  assert.deepEqual(keys, ["order-mailer-1", "order-mailer-1"]);
});
