import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, toEvent } from "../events/event-row.ts";
import { completed, planPiece } from "./long-values.ts";
import { MOST_IDS } from "./page-reader.ts";

const EPOCH = 3;
const METADATA = Buffer.from("long");

const rowOf = (id: number, foreignId = "x"): EventRow => ({
  id_value: id,
  micros: 1,
  type_number: 1,
  foreign_id_value: foreignId,
  metadata_bytes: METADATA,
});

/** An event whose values were left out. */
const partial = (id: number, bytes = 100): ReflexEvent =>
  toEvent({ ...rowOf(id), metadata_bytes: null, left_out_bytes: bytes });

const whole = (id: number): ReflexEvent => storedEvent(id, { foreignId: "x" });

/** The values of these events, read as these rows. */
function complete(
  events: readonly ReflexEvent[],
  rows: readonly EventRow[],
  epoch: number = EPOCH,
): ReturnType<typeof completed> {
  const pages = { readIds: () => Promise.resolve({ rows: [...rows], epoch }) };
  return completed(pages, planPiece(events, 1000), EPOCH);
}

describe("planPiece", () => {
  const plan = (events: readonly ReflexEvent[], mostBytes: number): [number, readonly string[], number] => {
    const piece = planPiece(events, mostBytes);
    return [piece.events.length, piece.ids, piece.bytes];
  };

  test("takes events as long as their left-out values fit, and those without any", () => {
    const events = [whole(1), partial(2), whole(3), partial(4), whole(5), partial(6), whole(7)];
    expect(plan(events, 200)).toEqual([5, ["2", "4"], 200]);
    expect(plan(events, 1000)).toEqual([7, ["2", "4", "6"], 300]);
  });

  // Catches a stream that stands still at an event larger than its share.
  test("takes at least one event, however large it is", () => {
    expect(plan([partial(1, 10 ** 9), partial(2, 1)], 10)).toEqual([1, ["1"], 10 ** 9]);
  });

  test("asks for no more rows at once than a statement takes", () => {
    const events = Array.from({ length: MOST_IDS + 1 }, (_, index) => partial(index + 1, 1));
    expect(plan(events, 10 ** 9)[0]).toBe(MOST_IDS);
  });
});

describe("completed gives", () => {
  test("the events in their order, with what was left out", async () => {
    const events = await complete([whole(1), partial(2), whole(3), partial(4)], [rowOf(4), rowOf(2)]);
    expect(events?.map(({ id, metadata }) => `${id} ${String(metadata)}`)).toEqual([
      "1 undefined",
      "2 long",
      "3 undefined",
      "4 long",
    ]);
  });

  // Each: what was read of the page says nothing any more.
  test("nothing if a row is gone", async () => {
    expect(await complete([partial(1), partial(2)], [rowOf(1)])).toBeUndefined();
  });

  test("nothing if a row is another one by now", async () => {
    expect(await complete([partial(1), partial(2)], [rowOf(1), rowOf(2, "other")])).toBeUndefined();
  });

  test("nothing if the rows came by another connection", async () => {
    expect(await complete([partial(1)], [rowOf(1)], EPOCH + 1)).toBeUndefined();
  });
});
