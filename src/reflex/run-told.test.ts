import { afterEach, beforeEach, expect, test } from "vitest";
import { RunScene } from "../../test/support/runs/run-scene.ts";
import { EventsTable } from "../tables/events-table.ts";
import type { Observer } from "./observer.ts";

let scene: RunScene;

beforeEach(async () => {
  scene = await RunScene.open();
});
afterEach(() => scene.close());

/** An observer that keeps what it was told of. */
function listening(): { observer: Observer; told: Set<string> } {
  const told = new Set<string>();
  const observer: Observer = {
    poll: () => void told.add("poll"),
    page: () => void told.add("page"),
    flush: () => void told.add("flush"),
    consume: () => void told.add("consume"),
  };
  return { observer, told };
}

const parts = { consumer: { name: "a", consume: () => undefined }, options: { toHead: true } };

// Catches an observer that has to be given in three places.
test("the observer of a run is told by its stream and its cursor store, which have none of their own, while it lasts", async () => {
  const { observer, told } = listening();
  await scene.start(parts, { observer });
  expect([...told].toSorted()).toEqual(["consume", "flush", "page", "poll"]);
  told.clear();
  await scene.events.insert(scene.handle, "b", 1);
  await scene.events.stream(scene.handle, "", { toHead: true }).next();
  await scene.store.setCursor("b", "1");
  await scene.store.flush();
  expect([...told]).toEqual([]);
});

// Catches a run that takes the reports of a table whose owner has said who is to be told.
test("a table with an observer of its own tells that one", async () => {
  const [own, ofRun] = [listening(), listening()];
  const events = new EventsTable("events", { observer: own.observer });
  await scene.start({ ...parts, stream: events.toStream(scene.handle) }, { observer: ofRun.observer });
  expect([...own.told].toSorted()).toEqual(["page", "poll"]);
  expect([...ofRun.told].toSorted()).toEqual(["consume", "flush"]);
});

// Catches a report for each of a run's streams, or each run of one service.
test("an observer of two runs is told once of what they share", async () => {
  let flushes = 0;
  const observer: Observer = { flush: () => void flushes++ };
  await Promise.all([
    scene.start(parts, { observer }),
    scene.start({ ...parts, consumer: { ...parts.consumer, name: "b" } }, { observer }),
  ]);
  const after = flushes;
  const ends = [{ observer }, { observer }].map((told) => scene.store.tellTo?.(told));
  await scene.store.setCursor("c", "1");
  await scene.store.flush();
  expect(flushes).toBe(after + 1);
  for (const end of ends) end?.();
});
