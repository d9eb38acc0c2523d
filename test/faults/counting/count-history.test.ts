import { expect, test } from "vitest";
import { countHistory } from "./count-history.ts";
import type { DeliveredEvent, History, ToldTime } from "./history.ts";

/** Delivered 10 ms after the commit of the event, which is at 100 ms times its id. */
function delivery(id: number, stream = 1, foreignId = `event ${id}`): DeliveredEvent {
  return { id: String(id), foreignId, at: id * 100 + 10, stream };
}

interface Happened {
  readonly committed: readonly number[];
  readonly delivered: readonly DeliveredEvent[];
  readonly stored?: readonly number[];
  readonly unknown?: readonly number[];
  readonly removed?: History["removed"];
  readonly told?: readonly ToldTime[];
}

function history({
  committed,
  delivered,
  stored = committed,
  unknown = [],
  removed = "none",
  told = [],
}: Happened): History {
  const event = (id: number): { id: string; foreignId: string } => ({ id: String(id), foreignId: `event ${id}` });
  return {
    acknowledged: committed.map((id) => ({ ...event(id), at: id * 100 })),
    unknown: new Set(unknown.map((id) => `event ${id}`)),
    consumers: [{ name: "mailer", delivered, told }],
    rows: stored.map(event),
    removed,
  };
}

test("a history in which each committed event was delivered once has nothing wrong", () => {
  const delivered = [1, 2, 4].map((id) => delivery(id));
  expect(countHistory(history({ committed: [1, 2, 4], delivered }))).toEqual({
    acknowledged: 3,
    delivered: 3,
    again: 0,
    lost: 0,
    phantom: 0,
    outOfOrder: 0,
    longestSilenceMs: 10,
    examples: [],
  });
});

test.each<{ name: string; of: Happened; wrong: object }>([
  {
    name: "acknowledged, and passed by",
    of: { committed: [1, 2, 3], delivered: [delivery(1), delivery(3)] },
    wrong: { lost: 1 },
  },
  {
    name: "in the table though its writer was told nothing, and passed by",
    of: { committed: [1], stored: [1, 2], delivered: [delivery(1)] },
    wrong: { lost: 1 },
  },
  {
    name: "acknowledged, and in no table",
    of: { committed: [1, 2], stored: [1], delivered: [delivery(1)] },
    wrong: { lost: 1 },
  },
  {
    name: "acknowledged, not passed, and taken out with those that were",
    of: { committed: [1, 2], stored: [2], delivered: [delivery(2)], removed: "passed" },
    wrong: { lost: 1 },
  },
  {
    name: "delivered and rolled back",
    of: { committed: [1], delivered: [delivery(1), delivery(2)] },
    wrong: { phantom: 1 },
  },
  {
    name: "delivered and then forgotten by the server",
    of: { committed: [1, 2], stored: [1], delivered: [delivery(1), delivery(2)] },
    wrong: { phantom: 1 },
  },
  {
    name: "delivered under the id of another",
    of: { committed: [1], delivered: [delivery(7, 1, "event 1")] },
    wrong: { phantom: 1 },
  },
  {
    name: "delivered, rolled back and not in the new history",
    of: { committed: [1], delivered: [delivery(1), delivery(2)], removed: "any" },
    wrong: { phantom: 1 },
  },
  {
    name: "delivered below an earlier one",
    of: { committed: [1, 2], delivered: [delivery(2), delivery(1)] },
    wrong: { outOfOrder: 1 },
  },
  {
    name: "delivered twice by one stream",
    of: { committed: [1, 2], delivered: [delivery(1), delivery(2), delivery(2)] },
    wrong: { outOfOrder: 1, again: 1 },
  },
])("an event is wrong that was $name", ({ of, wrong }) => {
  const { lost, phantom, outOfOrder, again, examples } = countHistory(history(of));
  expect({ lost, phantom, outOfOrder, again }).toEqual({ lost: 0, phantom: 0, outOfOrder: 0, again: 0, ...wrong });
  expect(examples).toHaveLength(1);
});

test.each<{ name: string; of: Happened }>([
  {
    name: "again by a later stream",
    of: { committed: [1, 2], delivered: [delivery(1), delivery(2), delivery(1, 2), delivery(2, 2)] },
  },
  {
    name: "and taken out when all had passed it",
    of: { committed: [1, 2], stored: [2], delivered: [delivery(1), delivery(2)], removed: "passed" },
  },
  {
    name: "and is not in the new history",
    of: { committed: [1, 2], stored: [1], delivered: [delivery(1), delivery(2)], removed: "any" },
  },
  {
    name: "with an unknown outcome, and is not in the new history",
    of: { committed: [1], unknown: [2], delivered: [delivery(1), delivery(2)], removed: "any" },
  },
])("an event is right that was delivered $name", ({ of }) => {
  expect(countHistory(history(of))).toMatchObject({ lost: 0, phantom: 0, outOfOrder: 0, examples: [] });
});

test("an event that a new history lacks need not have been delivered", () => {
  expect(countHistory(history({ committed: [1, 2], stored: [1], delivered: [delivery(1)], removed: "any" })).lost).toBe(
    0,
  );
});

test("what is lost to each consumer counts, and only some are named", () => {
  const ids = Array.from({ length: 20 }, (_, index) => index + 1);
  const of = history({ committed: ids, delivered: [] });
  const counts = countHistory({ ...of, consumers: [...of.consumers, { name: "other", delivered: [], told: [] }] });
  expect(counts.lost).toBe(40);
  expect(counts.examples).toHaveLength(5);
});

test.each<{ name: string; told: readonly ToldTime[]; silenceMs: number }>([
  { name: "nothing", told: [], silenceMs: 100 },
  { name: "an error at one moment", told: [{ from: 130, to: 130 }], silenceMs: 70 },
  { name: "a stall from its fifth part on", told: [{ from: 120, to: 1000 }], silenceMs: 20 },
  {
    name: "a stall and an error within it",
    told: [
      { from: 110, to: 180 },
      { from: 120, to: 130 },
    ],
    silenceMs: 20,
  },
  { name: "a hold throughout", told: [{ from: 0, to: 1000 }], silenceMs: 0 },
  { name: "an error before it", told: [{ from: 50, to: 60 }], silenceMs: 100 },
])("of a wait of 100 ms in which was told $name, the silent part counts", ({ told, silenceMs }) => {
  const delivered = [{ ...delivery(1), at: 200 }];
  expect(countHistory(history({ committed: [1], delivered, told })).longestSilenceMs).toBe(silenceMs);
});
