import { expect, test } from "vitest";
import type { ReflexEvent } from "../../reflex/event.ts";

import { type IdGiving, QUIET_AFTER_CHANGE_MS, WriterOffsets } from "./writer-offsets.ts";

function giving(increment: number, offset: number, view = "v1"): IdGiving {
  return { increment, offset, view };
}

function event(id: string, type = 1): ReflexEvent {
  return { id, type } as ReflexEvent;
}

function setUp(...servers: IdGiving[]) {
  const clock = { ms: 1000 };
  const offsets = new WriterOffsets(() => clock.ms);
  offsets.learn(servers);
  const free = (): number[] => [1, 2, 3, 4, 5, 6, 7].filter((id) => offsets.givenByNobody(BigInt(id)));
  return { clock, offsets, free };
}

test("ids of offsets that no server has are given by nobody", () => {
  expect(setUp(giving(3, 1)).free()).toEqual([2, 3, 5, 6]);
  expect(setUp(giving(7, 1), giving(7, 2), giving(7, 3)).free()).toEqual([4, 5, 6, 7]);
  expect(setUp(giving(3, 1), giving(3, 2), giving(3, 3)).free()).toEqual([]);
});

test("nothing is known of servers that count by one, or unlike each other, or ignore their offset", () => {
  expect(setUp(giving(1, 1)).free()).toEqual([]);
  expect(setUp(giving(3, 1), giving(4, 1)).free()).toEqual([]);
  expect(setUp(giving(3, 5)).free()).toEqual([]);
  expect(setUp().free()).toEqual([]);
});

// Catches knowledge of a cluster that outlives it: a node that has just come may write where nobody did.
test("after a change of the view nothing is trusted for a while", () => {
  const { clock, offsets, free } = setUp(giving(3, 1));
  offsets.learn([giving(3, 1, "v2")]);
  expect(free()).toEqual([]);
  clock.ms += QUIET_AFTER_CHANGE_MS - 1;
  expect(free()).toEqual([]);
  clock.ms += 1;
  expect(free()).toEqual([2, 3, 5, 6]);
});

test("after a change of a variable, or of who answers, nothing is trusted for a while", () => {
  for (const changed of [[giving(4, 1)], [giving(3, 2)], [giving(3, 1), giving(3, 2)]]) {
    const { offsets, free } = setUp(giving(3, 1));
    offsets.learn(changed);
    expect(free()).toEqual([]);
  }
});

test("in the order in which servers answer is no change", () => {
  const { offsets, free } = setUp(giving(5, 1), giving(5, 2));
  offsets.learn([giving(5, 2), giving(5, 1)]);
  expect(free()).toEqual([3, 4, 5]);
});

// Catches a session with an offset of its own whose ids are closed at once, again and again.
test("where an event has come nothing is trusted for good, also after a change and back", () => {
  const { clock, offsets, free } = setUp(giving(3, 1));
  offsets.note([event("4"), event("5")]);
  expect(free()).toEqual([3, 6]);
  offsets.learn([giving(1, 1)]);
  offsets.learn([giving(3, 1)]);
  clock.ms += QUIET_AFTER_CHANGE_MS;
  expect(free()).toEqual([3, 6]);
});

test("noops show no writer", () => {
  const { offsets, free } = setUp(giving(3, 1));
  offsets.note([event("5", 0), event("6", 0)]);
  expect(free()).toEqual([2, 3, 5, 6]);
});
