// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself
import assert from "node:assert/strict";
import { test } from "node:test";
import Database from "libsql";
import { CursorsTable, createTables, EventsTable, isReflexError, run } from "reflex-rsql";
import { memoryCursorStore, mockStream } from "reflex-rsql/testing";
import { createMailer, OrderEvent } from "./mailer.js";

const toHead = { toHead: true };

test("sends one mail for each order that was placed, and none for other events", async () => {
  const stream = mockStream([
    { type: OrderEvent.Placed, foreignId: "o-1" },
    { type: OrderEvent.Paid, foreignId: "o-1" },
    { type: OrderEvent.Placed, foreignId: "o-2" },
  ]);
  const sent: string[] = [];
  const consumer = createMailer(async ({ orderId }) => void sent.push(orderId));
  await run({ stream, cursors: memoryCursorStore(), consumer, options: toHead });
  assert.deepEqual(sent, ["o-1", "o-2"]);
});

test("a mail that could not be sent is sent by the next run, under the same key", async () => {
  const stream = mockStream([{ type: OrderEvent.Placed, foreignId: "o-1" }]);
  const cursors = memoryCursorStore();
  const keys: string[] = [];
  const consumer = createMailer(async ({ key }) => {
    keys.push(key);
    if (keys.length === 1) throw new Error("the mail server is down");
  });
  const first = run({ stream, cursors, consumer, options: toHead });
  await assert.rejects(first, (error) => isReflexError(error, "consumer_failed"));
  await run({ stream, cursors, consumer, options: toHead });
  assert.deepEqual(keys, ["order-mailer-1", "order-mailer-1"]);
  assert.deepEqual(cursors.cursors(), { "order-mailer": "1" });
});

test("goes on where it was, on tables as in production but in memory", async () => {
  const db = new Database(":memory:");
  const orders = new EventsTable("order_events", { types: OrderEvent });
  const cursors = new CursorsTable("cursors");
  await createTables(db, [orders, cursors]);
  const sent: string[] = [];
  const consumer = createMailer(async ({ orderId }) => void sent.push(orderId));
  for (const orderId of ["o-1", "o-2"]) {
    await orders.insert(db, orderId, OrderEvent.Placed);
    await run({ stream: orders.toStream(db), cursors: cursors.toStore(db), consumer, options: toHead });
  }
  assert.deepEqual(sent, ["o-1", "o-2"]);
});
