import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type PassRules, passEvents } from "./pass-events.ts";

const event = (id: number, type = 1, foreignId = "x"): ReflexEvent => storedEvent(id, { type, foreignId });
const noop = (id: number): ReflexEvent => event(id, 0, "0");

function pass(events: ReflexEvent[], rules: Partial<PassRules["config"]> & Partial<PassRules> = {}) {
  const { target, leaveOut = new Set<bigint>(), ...config } = rules;
  const passed = passEvents(events, {
    table: "orders",
    target,
    leaveOut,
    config: { includeNoops: false, types: undefined, onUnknownType: "deliver", noopForeignId: "0", ...config },
  });
  return { ids: passed.events.map(({ id }) => id), last: passed.last?.id, error: passed.error };
}

describe("passEvents", () => {
  // Catches one whose position stays before trailing noops, and so reads them again for ever.
  test("passes noops and delivers them only when asked to", () => {
    expect(pass([event(1), noop(2)])).toEqual({ ids: ["1"], last: "2", error: undefined });
    expect(pass([noop(1), noop(2)])).toEqual({ ids: [], last: "2", error: undefined });
    expect(pass([event(1), noop(2)], { includeNoops: true }).ids).toEqual(["1", "2"]);
  });

  // Catches one that takes every row of type 0 for a noop: an old writer's event would vanish.
  test("delivers a row of type 0 with another foreign id than the noops'", () => {
    expect(pass([event(1, 0, "order 7"), event(2, 0, "0")]).ids).toEqual(["1"]);
    expect(pass([event(1, 0, "order 7"), event(2, 0, "0")], { noopForeignId: "none" }).ids).toEqual(["1", "2"]);
  });

  test("stops at the target, which it passes", () => {
    expect(pass([event(1), event(2), event(3)], { target: 2n })).toEqual({
      ids: ["1", "2"],
      last: "2",
      error: undefined,
    });
    expect(pass([event(3)], { target: 2n })).toEqual({ ids: [], last: undefined, error: undefined });
  });

  test("passes what it leaves out", () => {
    expect(pass([event(1), event(2), event(3)], { leaveOut: new Set([1n, 3n]) })).toEqual({
      ids: ["2"],
      last: "3",
      error: undefined,
    });
  });

  // Catches one that throws away the events before the unknown one, or that passes it.
  test("stops before an unknown type when told to, and says so when that is the very first", () => {
    const strict = { types: new Set([1]), onUnknownType: "error" as const };
    expect(pass([event(1), event(2, 9), event(3)], strict)).toEqual({ ids: ["1"], last: "1", error: undefined });
    const stopped = pass([event(2, 9), event(3)], strict);
    expect(stopped).toMatchObject({ ids: [], last: undefined, error: { code: "unknown_event_type" } });
    expect(stopped.error?.details).toEqual({ table: "orders", eventId: "2", type: 9 });
    expect(pass([event(2, 9)], { types: new Set([1]) }).ids).toEqual(["2"]);
  });

  // Catches one that asks for noops in the catalogue, which refuses them.
  test("takes a noop for no unknown type", () => {
    const strict = { types: new Set([1]), onUnknownType: "error" as const };
    expect(pass([noop(1), event(2)], strict)).toEqual({ ids: ["2"], last: "2", error: undefined });
    expect(pass([event(1, 0, "order 7")], strict).error?.code).toBe("unknown_event_type");
  });
});
