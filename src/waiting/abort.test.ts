import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AbortFan, abortReason } from "./abort.ts";

test("fifty listeners are one on the user's signal, so that Node.js prints no warning", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on("warning", onWarning);
  const { signal } = new AbortController();
  const fan = new AbortFan(signal);
  for (let listener = 0; listener < 50; listener++) fan.listen(() => undefined);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await new Promise(setImmediate);
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});

// Catches one listener for each stream or run: they often share the signal that stops the service.
test("fifty fans are one on the user's signal, until the last is closed", () => {
  const controller = new AbortController();
  const called: number[] = [];
  const fans = Array.from({ length: 50 }, (_, index) => {
    const fan = new AbortFan(controller.signal);
    fan.listen(() => called.push(index));
    return fan;
  });
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  for (const fan of fans.slice(0, 48)) fan.close();
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort();
  expect(called).toEqual([48, 49]);
  for (const fan of fans) fan.close();
});

test("an abort calls every listener once, in the order of their coming", () => {
  const controller = new AbortController();
  const fan = new AbortFan(controller.signal);
  const called: number[] = [];
  fan.listen(() => called.push(1));
  fan.listen(() => called.push(2));
  expect(fan.aborted).toBe(false);
  controller.abort("enough");
  expect(called).toEqual([1, 2]);
  expect(fan.aborted).toBe(true);
  expect(fan.reason).toBe("enough");
});

test("a listener that comes after the abort is called at once", () => {
  const fan = new AbortFan(AbortSignal.abort("enough"));
  let calls = 0;
  fan.listen(() => calls++)();
  expect(calls).toBe(1);
});

test("one function that listens twice is called twice, and each is taken back by itself", () => {
  const controller = new AbortController();
  const fan = new AbortFan(controller.signal);
  let calls = 0;
  const listener = (): number => calls++;
  fan.listen(listener)();
  const takeBack = fan.listen(listener);
  fan.listen(listener);
  fan.listen(listener);
  takeBack();
  controller.abort();
  expect(calls).toBe(2);
});

test("closing takes the listener off the user's signal and calls no one any more", () => {
  const controller = new AbortController();
  const fan = new AbortFan(controller.signal);
  let calls = 0;
  fan.listen(() => calls++);
  fan.close();
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  controller.abort();
  expect(calls).toBe(0);
});

test("without a signal there is nothing to wait for", () => {
  const fan = new AbortFan(undefined);
  fan.listen(() => undefined);
  expect(fan.aborted).toBe(false);
  expect(fan.reason).toBeUndefined();
  fan.close();
});

test.each([{ reason: new Error("enough") }, { reason: "enough" }, { reason: null }, { reason: 0 }])(
  "the reason $reason is given as it is",
  ({ reason }) => {
    expect(abortReason(AbortSignal.abort(reason))).toBe(reason);
  },
);
