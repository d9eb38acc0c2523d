import { expect, test } from "vitest";
import { Mutex } from "./mutex.ts";

const limit = { what: "the lock" };

/** Holds the lock until it is told to let go of it. */
function hold(mutex: Mutex): () => Promise<void> {
  let letGo: () => void = () => undefined;
  const held = mutex.run(
    () =>
      new Promise<void>((resolve) => {
        letGo = resolve;
      }),
  );
  return async () => {
    await new Promise(setImmediate);
    letGo();
    await held;
  };
}

const nothing = (): Promise<void> => Promise.resolve();

test("runs one work after the other, in the order in which they asked for it", async () => {
  const mutex = new Mutex();
  const order: number[] = [];
  const work = async (number: number): Promise<void> => {
    order.push(number);
    await new Promise(setImmediate);
    order.push(number);
  };
  await Promise.all([1, 2, 3].map((number) => mutex.run(() => work(number))));
  expect(order).toEqual([1, 1, 2, 2, 3, 3]);
  expect(mutex.held).toBe(false);
});

// Catches a chain that one failure ends for all that follow.
test("a work that fails fails alone, and gives the lock back", async () => {
  const mutex = new Mutex();
  const failed = mutex.run(() => Promise.reject(new Error("mine")));
  const next = mutex.run(() => Promise.resolve("next"));
  await expect(failed).rejects.toThrow("mine");
  expect(await next).toBe("next");
  expect(mutex.held).toBe(false);
});

test("is held from the call on, and contended while someone waits", async () => {
  const mutex = new Mutex();
  const letGo = hold(mutex);
  expect([mutex.held, mutex.contended]).toEqual([true, false]);
  const next = mutex.run(nothing);
  expect([mutex.held, mutex.contended]).toEqual([true, true]);
  await letGo();
  await next;
  expect([mutex.held, mutex.contended]).toEqual([false, false]);
});

test("a wait that runs into its limit leaves the queue", async () => {
  const mutex = new Mutex();
  const letGo = hold(mutex);
  let ran = false;
  const late = mutex.run(async () => (ran = true), { ...limit, timeoutMs: 10, remedy: "hurry" });
  await expect(late).rejects.toMatchObject({ code: "time_limit", message: "waited 10 ms for the lock; hurry" });
  await letGo();
  expect(mutex.held).toBe(false);
  expect(ran).toBe(false);
});

test("a wait that is aborted rejects with the reason and leaves the queue", async () => {
  const mutex = new Mutex();
  const letGo = hold(mutex);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = mutex.run(nothing, { ...limit, signal: controller.signal });
  const next = mutex.run(nothing, limit);
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await letGo();
  await next;
  expect(mutex.held).toBe(false);
});

test("an abort between the grant and its arrival hands the lock on", async () => {
  const mutex = new Mutex();
  const controller = new AbortController();
  let letGo: () => void = () => undefined;
  const work = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const first = mutex.run(() => work);
  await new Promise(setImmediate);
  let ran = false;
  const aborted = mutex.run(async () => (ran = true), { ...limit, signal: controller.signal });
  const next = mutex.run(nothing, { ...limit, timeoutMs: 1000 });
  // Called right after the first work's end was noticed, which grants the lock to the second.
  void work.then(() => controller.abort(new Error("enough")));
  letGo();
  await expect(aborted).rejects.toThrow("enough");
  await Promise.all([first, next]);
  expect(ran).toBe(false);
  expect(mutex.held).toBe(false);
});

test("an aborted signal gets no lock, even a free one", async () => {
  const mutex = new Mutex();
  const signal = AbortSignal.abort(new Error("no"));
  await expect(mutex.run(nothing, { ...limit, signal })).rejects.toThrow("no");
  expect(mutex.held).toBe(false);
});
