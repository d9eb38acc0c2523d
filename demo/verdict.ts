import { type ConsumerName, consumerNames } from "./tables.ts";

/** An order whose commit a writer was told of. */
export interface Acknowledgement {
  readonly orderId: string;
  readonly eventId: string;
  /** When, on the one monotonic clock of the machine. */
  readonly at: bigint;
}

export interface Effect {
  readonly eventId: string;
  readonly orderId: string;
}

export interface CustomerTotal {
  readonly orders: number;
  readonly cents: number;
}

/** What the writers wrote down and what the tables hold. */
export interface Evidence {
  readonly acknowledged: readonly Acknowledgement[];
  /** The orders that the writers rolled back. */
  readonly rolledBack: readonly string[];
  /** The orders table: the customer and amount of each order. */
  readonly orders: ReadonlyMap<string, { readonly customer: string; readonly cents: number }>;
  /** The events table: the order of each event, by its id. */
  readonly events: ReadonlyMap<string, string>;
  /** The ids in the events table that streams have closed with a noop. */
  readonly noops: ReadonlySet<string>;
  /** What each consumer did, in the order in which it did it. */
  readonly effects: Readonly<Record<ConsumerName, readonly Effect[]>>;
  /** The read-model's totals, by customer. */
  readonly totals: ReadonlyMap<string, CustomerTotal>;
}

/** A claim of the demo, and what speaks against it. */
export interface Check {
  readonly claim: string;
  readonly problems: readonly string[];
}

/** Compares everything with everything. */
export function judge(evidence: Evidence): Check[] {
  return [
    { claim: "every acknowledged order is an event", problems: lostOrders(evidence) },
    { claim: "every event is an order, and was acknowledged", problems: strayEvents(evidence) },
    { claim: "no rolled-back order left an event or an effect", problems: undeadOrders(evidence) },
    { claim: "every id up to the last is an event or a closed gap", problems: openGaps(evidence) },
    { claim: "every event reached every consumer", problems: eachConsumer(evidence, lostEvents) },
    { claim: "each consumer had them in ascending order", problems: eachConsumer(evidence, outOfOrder) },
    { claim: "nothing was done twice, or without an event", problems: eachConsumer(evidence, strayEffects) },
    { claim: "the read-model's totals are those of the orders", problems: wrongTotals(evidence) },
  ];
}

/** How many commits were acknowledged after that of a higher event id. */
export function committedOutOfOrder(acknowledged: readonly Acknowledgement[]): number {
  let highest = 0n;
  let count = 0;
  for (const { eventId } of acknowledged.toSorted((a, b) => (a.at < b.at ? -1 : 1))) {
    const id = BigInt(eventId);
    if (id < highest) count++;
    else highest = id;
  }
  return count;
}

function lostOrders({ acknowledged, events }: Evidence): string[] {
  return acknowledged
    .filter(({ orderId, eventId }) => events.get(eventId) !== orderId)
    .map(({ orderId, eventId }) => `order ${orderId} was acknowledged, but event ${eventId} does not tell of it`);
}

function strayEvents({ acknowledged, orders, events }: Evidence): string[] {
  const known = new Set(acknowledged.map(({ eventId }) => eventId));
  const told = new Set(events.values());
  return [
    ...[...events]
      .filter(([id]) => !known.has(id))
      .map(([id, order]) => `event ${id} of order ${order} was never acknowledged`),
    ...[...events]
      .filter(([, order]) => !orders.has(order))
      .map(([id, order]) => `event ${id} tells of order ${order}, which does not exist`),
    ...[...orders.keys()].filter((order) => !told.has(order)).map((order) => `order ${order} has no event`),
  ];
}

function undeadOrders({ rolledBack, orders, events, effects }: Evidence): string[] {
  const eventOf = new Map([...events].map(([id, order]) => [order, id]));
  const had = consumerNames.map((name) => [name, new Set(effects[name].map(({ orderId }) => orderId))] as const);
  return rolledBack.flatMap((order) => [
    ...(orders.has(order) ? [`order ${order} was rolled back, but is in the orders table`] : []),
    ...(eventOf.has(order) ? [`order ${order} was rolled back, but event ${eventOf.get(order)} tells of it`] : []),
    ...had.filter(([, set]) => set.has(order)).map(([name]) => `${name} had order ${order}, which was rolled back`),
  ]);
}

function openGaps({ events, noops }: Evidence): string[] {
  const last = [...events.keys()].map(BigInt).reduce((a, b) => (a > b ? a : b), 0n);
  const problems: string[] = [];
  for (let id = 1n; id < last; id++) {
    if (!events.has(String(id)) && !noops.has(String(id))) problems.push(`id ${id} is neither an event nor a noop`);
  }
  return problems;
}

type ConsumerCheck = (effects: readonly Effect[], events: Evidence["events"]) => string[];

function eachConsumer({ effects, events }: Evidence, check: ConsumerCheck): string[] {
  return consumerNames.flatMap((name) => check(effects[name], events).map((problem) => `${name} ${problem}`));
}

function lostEvents(effects: readonly Effect[], events: Evidence["events"]): string[] {
  const had = new Set(effects.map(({ eventId }) => eventId));
  return [...events].filter(([id]) => !had.has(id)).map(([id, order]) => `lost event ${id} (order ${order})`);
}

function outOfOrder(effects: readonly Effect[]): string[] {
  const problems: string[] = [];
  let previous = "0";
  for (const { eventId } of effects) {
    if (BigInt(eventId) < BigInt(previous)) problems.push(`had event ${eventId} after event ${previous}`);
    previous = eventId;
  }
  return problems;
}

function strayEffects(effects: readonly Effect[], events: Evidence["events"]): string[] {
  const problems: string[] = [];
  const had = new Set<string>();
  for (const { eventId, orderId } of effects) {
    if (events.get(eventId) !== orderId)
      problems.push(`had event ${eventId} for order ${orderId}, which is not in the table`);
    if (had.has(eventId)) problems.push(`had event ${eventId} twice`);
    had.add(eventId);
  }
  return problems;
}

function wrongTotals({ orders, totals }: Evidence): string[] {
  const expected = new Map<string, CustomerTotal>();
  for (const { customer, cents } of orders.values()) {
    const total = expected.get(customer);
    expected.set(customer, { orders: (total?.orders ?? 0) + 1, cents: (total?.cents ?? 0) + cents });
  }
  return [...new Set([...expected.keys(), ...totals.keys()])]
    .filter((customer) => show(expected.get(customer)) !== show(totals.get(customer)))
    .map(
      (customer) =>
        `${customer} has ${show(expected.get(customer))}, the read-model says ${show(totals.get(customer))}`,
    );
}

function show(total: CustomerTotal | undefined): string {
  return total === undefined ? "nothing" : `${total.orders} orders of ${(total.cents / 100).toFixed(2)}`;
}
