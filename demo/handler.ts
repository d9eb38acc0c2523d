import { type DatabaseHandle, type ReflexEvent, toDatabase, transaction } from "reflex-rsql";
import { executeIn } from "./execute.ts";
import type { StartConsumer } from "./messages.ts";
import { orderDetails } from "./order.ts";
import type { DemoTables } from "./tables.ts";

export interface HandlerParts {
  readonly start: StartConsumer;
  readonly handle: DatabaseHandle;
  readonly tables: DemoTables;
  readonly onDuplicate: () => void;
}

type Handler = (event: ReflexEvent) => Promise<void>;

/** What a consumer of the demo does with an event. */
export function createHandler(parts: HandlerParts): Handler {
  const { start, onDuplicate } = parts;
  const handler: Handler = async (event) => {
    const fresh = await takeEffect(parts, event);
    if (!fresh) onDuplicate();
  };
  if (start.consumer !== "mailer") return handler;
  return start.skipEvent ? losingOne(failingNowAndThen(handler)) : failingNowAndThen(handler);
}

/**
 * An event may come more than once. Its effect is written in one transaction with its id, which is unique: only the
 * first time counts. Returns whether this was it.
 */
function takeEffect({ start, handle, tables }: HandlerParts, event: ReflexEvent): Promise<boolean> {
  const mysql = toDatabase(handle).dialect.name === "mysql";
  const insert = `insert ${mysql ? "ignore " : ""}into ${tables.effects(start.consumer)} (event_id, order_id) values (?, ?)`;
  return transaction(handle, async (tx) => {
    const ids = [event.id, event.foreignId];
    const inserted = await executeIn(tx, mysql ? insert : `${insert} on conflict do nothing`, ids);
    if (inserted === 0) return false;
    if (start.consumer === "read-model") await addToTotals(tx, event, { table: tables.totals, mysql });
    return true;
  });
}

async function addToTotals(tx: unknown, event: ReflexEvent, totals: { table: string; mysql: boolean }): Promise<void> {
  const { customer, cents } = orderDetails(event);
  const onConflict = totals.mysql ? "on duplicate key update" : "on conflict (customer) do update set";
  await executeIn(
    tx,
    `insert into ${totals.table} (customer, orders, cents) values (?, 1, ?) ${onConflict} orders = orders + 1, cents = cents + ?`,
    [customer, cents, cents],
  );
}

const FAILURE_CHANCE = 0.006;
const MOST_FAILURES = 30;
const MOST_FAILURES_IN_A_ROW = 3;

/** Fails at times before the mail went out, and at times after it, so that the event comes again though it had its effect. */
function failingNowAndThen(handler: Handler): Handler {
  let failures = 0;
  let inARow = 0;
  const mayFail = (chance: number): void => {
    if (failures >= MOST_FAILURES || inARow >= MOST_FAILURES_IN_A_ROW || Math.random() >= chance) return;
    failures++;
    inARow++;
    throw new Error("the mail server did not answer");
  };
  return async (event) => {
    mayFail(FAILURE_CHANCE / 2);
    await handler(event);
    mayFail(FAILURE_CHANCE / 2);
    inARow = 0;
  };
}

const LOST_IN_PLACE = 30;

/** Pretends for one event that all went well. */
function losingOne(handler: Handler): Handler {
  let count = 0;
  let lost: string | undefined;
  return async (event) => {
    if (++count === LOST_IN_PLACE) lost = event.id;
    if (event.id !== lost) await handler(event);
  };
}
