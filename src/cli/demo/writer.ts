import { openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type DatabaseHandle, type EventsTable, type ExecutorHandle, toDatabase, transaction } from "reflex-rsql";
import { type Parent, runChild } from "./child.ts";
import { openDatabase } from "./connect.ts";
import { executeIn } from "./execute.ts";
import type { StartWriter } from "./messages.ts";
import { OrderEvent, type OrderEventType, randomDetails, toMetadata } from "./order.ts";
import { DemoTables } from "./tables.ts";

/** Transactions that a writer has open at once. */
const LANES = 4;
const REPORT_EVERY_MS = 100;

interface Shop {
  readonly start: StartWriter;
  readonly handle: DatabaseHandle;
  readonly tables: DemoTables;
  readonly events: EventsTable<OrderEventType>;
  readonly acknowledgements: number;
}

interface Done {
  committed: number;
  head: bigint;
}

runChild("write", async (start, parent) => {
  const tables = new DemoTables(start.prefix);
  const { handle } = await openDatabase(start.target, LANES);
  const acknowledgements = openSync(start.acknowledgementsFile, "a");
  const shop: Shop = { start, handle, tables, events: tables.eventsTable(), acknowledgements };
  await toDatabase(handle).rows("select 1 as one", []);
  parent.report({ type: "ready", cursor: "" });
  await parent.go;
  await placeOrders(shop, parent);
});

async function placeOrders(shop: Shop, parent: Parent): Promise<void> {
  const done: Done = { committed: 0, head: 0n };
  const report = (): void => parent.report({ type: "written", committed: done.committed, head: String(done.head) });
  const timer = setInterval(report, REPORT_EVERY_MS);
  const nextOrder = paced(shop.start.ordersPerSecond, parent.stop);
  const lane = async (): Promise<void> => {
    for (let number = await nextOrder(); number !== undefined; number = await nextOrder()) {
      const eventId = await placeOrder(shop, `${shop.start.writer}-${number}`);
      done.committed++;
      if (eventId > done.head) done.head = eventId;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  clearInterval(timer);
  report();
}

/** An order and its event, in one transaction. It is written down as placed once the commit was acknowledged. */
async function placeOrder(shop: Shop, orderId: string): Promise<bigint> {
  const { handle, tables, events, acknowledgements, start } = shop;
  const details = randomDetails();
  const { eventId } = await transaction(handle, async (tx) => {
    const insertOrder = `insert into ${tables.orders} (id, customer, cents) values (?, ?, ?)`;
    await executeIn(tx, insertOrder, [orderId, details.customer, details.cents]);
    const notify = await events.insertWithMetadata(
      tx as ExecutorHandle,
      orderId,
      OrderEvent.Placed,
      toMetadata(details),
    );
    const pauseMs = randomPauseMs(start.target.kind);
    if (pauseMs > 0) await delay(pauseMs);
    return notify;
  });
  if (eventId === undefined) throw new Error(`the event of order ${orderId} has no id`);
  writeSync(acknowledgements, `${orderId} ${eventId} ${process.hrtime.bigint()}\n`);
  return BigInt(eventId);
}

/**
 * Some transactions take long between the insert and the commit, so that later ids commit first. On SQLite, which has
 * one writer at a time, a long one would only hold up all others.
 */
function randomPauseMs(kind: "mysql" | "sqlite"): number {
  const chance = Math.random();
  if (kind === "sqlite") return chance < 0.05 ? 1 + Math.random() * 4 : 0;
  if (chance < 0.03) return 50 + Math.random() * 150;
  return chance < 0.3 ? 1 + Math.random() * 4 : 0;
}

/** Gives the numbers of orders from 1 on, each when it is due; undefined once stopped. */
function paced(perSecond: number, stop: AbortSignal): () => Promise<number | undefined> {
  const startedAt = performance.now();
  let given = 0;
  return async () => {
    const number = ++given;
    const dueInMs = startedAt + (number * 1000) / perSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs, undefined, { signal: stop }).catch(() => {});
    return stop.aborted ? undefined : number;
  };
}
