import { setTimeout as delay } from "node:timers/promises";
import {
  type DatabaseHandle,
  type EventsTable,
  type ExecutorHandle,
  isReflexError,
  isRetryable,
  toDatabase,
  transaction,
} from "reflex-rsql";
import { executeIn } from "./execute.ts";
import { type OrderDetails, OrderEvent, type OrderEventType, randomDetails, toMetadata } from "./order.ts";
import type { DemoTables } from "./tables.ts";

export interface Shop {
  readonly handle: DatabaseHandle;
  readonly tables: DemoTables;
  readonly events: EventsTable<OrderEventType>;
}

/** How an order ended. */
export type Ending =
  | { readonly kind: "committed"; readonly eventId: string; readonly attempts: number }
  | { readonly kind: "rolled back"; readonly attempts: number };

/** What an order is like. */
export interface OrderPlan {
  readonly details: OrderDetails;
  /** How long the transaction stays open after its inserts. */
  readonly pauseMs: number;
  /** Whether it is rolled back then. */
  readonly declined: boolean;
}

/** One order in so many is declined after its insert. */
export const DECLINED_ONE_IN = 8;
const MOST_ATTEMPTS = 12;
const LONGEST_RETRY_MS = 1000;

/** Thrown inside a transaction to roll it back on purpose. */
class Declined extends Error {}

export function planOrder(kind: "mysql" | "sqlite"): OrderPlan {
  return { details: randomDetails(), pauseMs: randomPauseMs(kind), declined: Math.random() < 1 / DECLINED_ONE_IN };
}

/** An order and its event, in one transaction: both are there in the end, or neither. */
export async function placeOrder(shop: Shop, orderId: string, plan: OrderPlan): Promise<Ending> {
  let inDoubt = false;
  for (let attempts = 1; ; attempts++) {
    try {
      const found = inDoubt ? await findEvent(shop, orderId) : undefined;
      if (found !== undefined) return { kind: "committed", eventId: found, attempts };
      inDoubt = false;
      return { kind: "committed", eventId: await insertOrder(shop, orderId, plan), attempts };
    } catch (error) {
      if (error instanceof Declined) return { kind: "rolled back", attempts };
      inDoubt ||= isReflexError(error, "commit_outcome_unknown");
      if (!(inDoubt || isRetryable(error)) || attempts === MOST_ATTEMPTS) throw error;
    }
    await delay(Math.min(LONGEST_RETRY_MS, 20 * 2 ** attempts));
  }
}

/** Returns the id of its event. */
function insertOrder({ handle, tables, events }: Shop, orderId: string, plan: OrderPlan): Promise<string> {
  const { details, pauseMs, declined } = plan;
  return transaction(handle, async (tx) => {
    const insert = `insert into ${tables.orders} (id, customer, cents) values (?, ?, ?)`;
    await executeIn(tx, insert, [orderId, details.customer, details.cents]);
    const metadata = toMetadata(details);
    const { eventId } = await events.insertWithMetadata(tx as ExecutorHandle, orderId, OrderEvent.Placed, metadata);
    if (pauseMs > 0) await delay(pauseMs);
    if (declined) throw new Declined();
    if (eventId === undefined) throw new Error(`the event of order ${orderId} has no id`);
    return eventId;
  });
}

/** The event of an order whose COMMIT got no answer; undefined if it was rolled back. */
async function findEvent({ handle, tables }: Shop, orderId: string): Promise<string | undefined> {
  const database = toDatabase(handle);
  const { dialect } = database;
  // The transaction may still be ending: the lock waits for that, where a plain read would say "not there".
  const lock = dialect.name === "mysql" ? " lock in share mode" : "";
  const orders = await database.rows(`select id from ${tables.orders} where id = ?${lock}`, [orderId]);
  if (orders.length === 0) return undefined;
  const sql = `select ${dialect.asText("t.id")} as id_text from ${tables.events} t where t.foreign_id = ?`;
  const [event] = await database.rows<{ id_text: string }>(sql, [orderId]);
  if (event === undefined) throw new Error(`order ${orderId} was committed without its event`);
  return event.id_text;
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
