import { expect, test } from "vitest";
import { Mutex } from "./mutex.ts";

const limit = { what: "the lock" };

test("gives the lock in the order in which it was asked for", async () => {
  const mutex = new Mutex();
  const order: number[] = [];
  const work = async (number: number): Promise<void> => {
    const release = await mutex.acquire(limit);
    order.push(number);
    await new Promise(setImmediate);
    order.push(number);
    release();
  };
  await Promise.all([work(1), work(2), work(3)]);
  expect(order).toEqual([1, 1, 2, 2, 3, 3]);
  expect(mutex.held).toBe(false);
});

test("a wait that runs into its limit leaves the queue", async () => {
  const mutex = new Mutex();
  const release = await mutex.acquire(limit);
  await expect(mutex.acquire({ ...limit, timeoutMs: 10, remedy: "hurry" })).rejects.toMatchObject({
    code: "time_limit",
    message: "waited 10 ms for the lock; hurry",
  });
  release();
  expect(mutex.held).toBe(false);
});

test("a wait that is aborted rejects with the reason and leaves the queue", async () => {
  const mutex = new Mutex();
  const release = await mutex.acquire(limit);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = mutex.acquire({ ...limit, signal: controller.signal });
  const next = mutex.acquire(limit);
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  release();
  (await next)();
  expect(mutex.held).toBe(false);
});

test("an abort between the grant and its arrival hands the lock on", async () => {
  const mutex = new Mutex();
  const release = await mutex.acquire(limit);
  const controller = new AbortController();
  const aborted = mutex.acquire({ ...limit, signal: controller.signal });
  const next = mutex.acquire({ ...limit, timeoutMs: 1000 });
  release();
  controller.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  (await next)();
  expect(mutex.held).toBe(false);
});

test("an aborted signal gets no lock, even a free one", async () => {
  const mutex = new Mutex();
  await expect(mutex.acquire({ ...limit, signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  expect(mutex.held).toBe(false);
});

test("releasing twice does not take the lock from its next holder", async () => {
  const mutex = new Mutex();
  const release = await mutex.acquire(limit);
  const next = mutex.acquire(limit);
  release();
  const releaseNext = await next;
  release();
  expect(mutex.held).toBe(true);
  releaseNext();
});
