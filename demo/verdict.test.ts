import { expect, test } from "vitest";
import { committedOutOfOrder, type Effect, type Evidence, judge } from "./verdict.ts";

const effects: readonly Effect[] = [
  { eventId: "9", orderId: "a-1" },
  { eventId: "10", orderId: "b-1" },
  { eventId: "11", orderId: "a-2" },
];

const sound: Evidence = {
  rolledBack: ["b-2"],
  noops: new Set(["1", "2", "3", "4", "5", "6", "7", "8"]),
  acknowledged: [
    { orderId: "b-1", eventId: "10", at: 1n },
    { orderId: "a-1", eventId: "9", at: 2n },
    { orderId: "a-2", eventId: "11", at: 3n },
  ],
  orders: new Map([
    ["a-1", { customer: "Ada", cents: 100 }],
    ["b-1", { customer: "Bela", cents: 250 }],
    ["a-2", { customer: "Ada", cents: 50 }],
  ]),
  events: new Map([
    ["9", "a-1"],
    ["10", "b-1"],
    ["11", "a-2"],
  ]),
  effects: { "read-model": effects, mailer: effects, audit: effects },
  totals: new Map([
    ["Ada", { orders: 2, cents: 150 }],
    ["Bela", { orders: 1, cents: 250 }],
  ]),
};

function problems(change: Partial<Evidence>): string[] {
  return judge({ ...sound, ...change }).flatMap((check) => check.problems);
}

function withMailer(mailer: readonly Effect[]): Partial<Evidence> {
  return { effects: { ...sound.effects, mailer } };
}

test("finds nothing where all agrees", () => {
  expect(problems({})).toEqual([]);
});

test("names the consumer and the event that it lost", () => {
  expect(problems(withMailer(effects.filter(({ eventId }) => eventId !== "10")))).toEqual([
    "mailer lost event 10 (order b-1)",
  ]);
});

test("finds events in the wrong order, comparing ids as numbers", () => {
  expect(problems(withMailer(effects.toReversed()))).toEqual([
    "mailer had event 10 after event 11",
    "mailer had event 9 after event 10",
  ]);
});

test("finds effects without an event, and those that were taken twice", () => {
  expect(problems(withMailer([...effects, { eventId: "12", orderId: "x" }]))).toEqual([
    "mailer had event 12 for order x, which is not in the table",
  ]);
  expect(problems(withMailer([{ eventId: "9", orderId: "a-1" }, ...effects]))).toEqual(["mailer had event 9 twice"]);
});

test("finds an order that was acknowledged and is not there", () => {
  const lost = { orderId: "c-1", eventId: "12", at: 4n };
  expect(problems({ acknowledged: [...sound.acknowledged, lost] })).toEqual([
    "order c-1 was acknowledged, but event 12 does not tell of it",
  ]);
});

test("finds events that no one placed, and orders without an event", () => {
  const orders = new Map(sound.orders).set("c-1", { customer: "Ada", cents: 0 });
  expect(problems({ orders, totals: new Map(sound.totals).set("Ada", { orders: 3, cents: 150 }) })).toEqual([
    "order c-1 has no event",
  ]);
  const found = problems({ events: new Map(sound.events).set("12", "d-1") });
  expect(found).toContain("event 12 of order d-1 was never acknowledged");
  expect(found).toContain("event 12 tells of order d-1, which does not exist");
});

test("finds each trace of an order that was rolled back", () => {
  const orders = new Map(sound.orders).set("b-2", { customer: "Ada", cents: 0 });
  expect(problems({ orders })).toContain("order b-2 was rolled back, but is in the orders table");
  expect(problems({ events: new Map(sound.events).set("12", "b-2") })).toContain(
    "order b-2 was rolled back, but event 12 tells of it",
  );
  expect(problems(withMailer([...effects, { eventId: "12", orderId: "b-2" }]))).toContain(
    "mailer had order b-2, which was rolled back",
  );
});

test("finds an id that is neither an event nor closed, comparing ids as numbers", () => {
  const noops = new Set([...sound.noops].filter((id) => id !== "4"));
  expect(problems({ noops })).toEqual(["id 4 is neither an event nor a noop"]);
});

test("finds totals that differ from the orders", () => {
  const totals = new Map(sound.totals).set("Ada", { orders: 3, cents: 200 });
  expect(problems({ totals })).toEqual(["Ada has 2 orders of 1.50, the read-model says 3 orders of 2.00"]);
});

test("counts what was committed after a higher id", () => {
  expect(committedOutOfOrder(sound.acknowledged)).toBe(1);
});
