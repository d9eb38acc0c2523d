import { expect, test } from "vitest";
import { judgeWait, type Telling, toldInTime, type Wait } from "./judge-wait.ts";

const truth = { reasons: ["locked"], errors: /lock wait/, backWithinMs: { mysql2: 1000, mariadb: 1500 } };

function judged(tellings: readonly Partial<Telling>[], wait: Partial<Wait> = {}): ReturnType<typeof judgeWait> {
  const whole = tellings.map((telling): Telling => ({ at: 0, kind: "stall", code: "locked", message: "", ...telling }));
  const usual = {
    reader: "r",
    driver: "mysql2" as const,
    beganAt: 1000,
    clearedAt: 13_000,
    deliveredAt: 13_040,
    mustBeTold: true,
    eventDue: true,
  };
  return judgeWait({ ...usual, tellings: whole, ...wait }, truth);
}

test("a wait that was told in time, by its cause, and ended soon", () => {
  const verdict = judged([{ at: 6000, threadId: "7" }], { blocker: "7" });
  expect(verdict).toMatchObject({ toldAfterMs: 5000, rightAfterMs: 5000, first: "locked", blockerRight: true });
  expect(verdict).toMatchObject({ wrong: [], backAfterMs: 40, void: false, neverBack: false });
  expect(toldInTime(verdict)).toBe(true);
});

// Catches a harness that is green whatever happens.
test.each([
  ["told by nobody", []],
  ["told too late", [{ at: 7000 }]],
  ["told before it began", [{ at: 900 }]],
  ["told when it was over", [{ at: 13_050 }]],
])("a wait that was %s was not told in time", (_, tellings) => {
  expect(toldInTime(judged(tellings))).toBe(false);
});

test("a short wait need not be told", () => {
  expect(toldInTime(judged([], { mustBeTold: false }))).toBe(true);
});

test("a stall by another cause is wrong, unless it has just ended or claims none", () => {
  const tellings = [
    { at: 1500, code: "in_flight" },
    { at: 6000, code: "unknown" },
    { at: 7000, code: "missing_ids", message: "row 2" },
    { at: 8000 },
  ];
  expect(judged(tellings)).toMatchObject({ first: "in_flight", rightAfterMs: 7000, wrong: ["missing_ids: row 2"] });
});

test("an error tells a wait, and its cause if its words do", () => {
  const error: Partial<Telling> = { at: 3000, kind: "error", code: "database_error", message: "no" };
  expect(judged([error])).toMatchObject({ toldAfterMs: 2000, rightAfterMs: undefined, first: "error database_error" });
  expect(judged([{ ...error, message: "lock wait" }])).toMatchObject({ rightAfterMs: 2000, wrong: [] });
});

test("a stall that names another session than the one that holds it up is seen", () => {
  expect(judged([{ at: 6000, threadId: "8" }], { blocker: "7" }).blockerRight).toBe(false);
  expect(judged([{ at: 6000 }], { blocker: "7" }).blockerRight).toBeUndefined();
});

test("there was no wait if the event came before the obstacle was gone", () => {
  expect(judged([], { deliveredAt: 2000 }).void).toBe(true);
});

test("an event that never comes is seen, where one is due", () => {
  expect(judged([], { deliveredAt: undefined }).neverBack).toBe(true);
  expect(judged([], { deliveredAt: undefined, eventDue: false }).neverBack).toBe(false);
});

// Catches a harness that prints how late readers are back, and calls it good.
test("an event that comes later than is promised after the end of the obstacle is seen", () => {
  expect(judged([], { deliveredAt: 14_400 }).backLate).toBe(false);
  expect(judged([], { deliveredAt: 14_600 }).backLate).toBe(true);
  expect(judged([], { deliveredAt: 14_600, driver: "mariadb" }).backLate).toBe(false);
});
