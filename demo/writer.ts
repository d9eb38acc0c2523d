import { setTimeout as delay } from "node:timers/promises";
import { toDatabase } from "reflex-rsql";
import { type Parent, runChild } from "./child.ts";
import { openDatabase } from "./connect.ts";
import { Journal } from "./journal.ts";
import type { StartWriter } from "./messages.ts";
import { placeOrder, planOrder, type Shop } from "./place-order.ts";
import { DemoTables } from "./tables.ts";

/** Transactions that a writer has open at once. */
const LANES = 4;
const REPORT_EVERY_MS = 100;

runChild("write", async (start, parent) => {
  const tables = new DemoTables(start.prefix);
  const { handle } = await openDatabase(start.target, LANES);
  await toDatabase(handle).rows("select 1 as one", []);
  parent.report({ type: "ready", cursor: "" });
  await parent.go;
  await placeOrders({ handle, tables, events: tables.eventsTable() }, start, parent);
});

async function placeOrders(shop: Shop, start: StartWriter, parent: Parent): Promise<void> {
  const journal = new Journal(start.journalFile);
  let committed: string[] = [];
  let [rolledBack, retries] = [0, 0];
  const report = (): void => {
    parent.report({ type: "written", committed, rolledBack, retries });
    committed = [];
  };
  const place = async (orderId: string): Promise<void> => {
    const ending = await placeOrder(shop, orderId, planOrder(start.target.kind));
    retries += ending.attempts - 1;
    if (ending.kind === "committed") {
      journal.committed(orderId, ending.eventId);
      committed.push(ending.eventId);
    } else {
      journal.rolledBack(orderId);
      rolledBack++;
    }
  };
  const nextOrder = paced(start.ordersPerSecond, parent.stop);
  const lane = async (): Promise<void> => {
    for (let number = await nextOrder(); number !== undefined; number = await nextOrder()) {
      await place(`${start.writer}-${number}`);
    }
  };
  const timer = setInterval(report, REPORT_EVERY_MS);
  await Promise.all(Array.from({ length: LANES }, lane));
  clearInterval(timer);
  report();
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
