import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectGate } from "./connect-gate.ts";

/** A pool whose connections are opened when the test says so. */
class HandMadePool {
  readonly opened: string[] = [];
  readonly #opening: (() => void)[] = [];
  readonly gate = new ConnectGate(() => ({
    limit: 10,
    lent: 0,
    idle: 0,
    connecting: this.#opening.length,
    waiting: 0,
  }));

  /** How many connections the pool is opening. */
  get opening(): number {
    return this.#opening.length;
  }

  async acquire(name: string, wanted = (): boolean => true): Promise<void> {
    const connect = (): Promise<void> => new Promise((resolve) => void this.#opening.push(resolve));
    await this.gate.pass(connect, wanted);
    this.opened.push(name);
  }

  async open(): Promise<void> {
    this.#opening.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  }
}

describe("ConnectGate", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("lets all begin at once where none hangs", async () => {
    const pool = new HandMadePool();
    for (const name of ["a", "b", "c", "d"]) void pool.acquire(name);
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.opening).toBe(4);
  });

  // Catches a pool that fills with connections that hang, each for its own time limit.
  test("lets one more begin where one hangs, some seconds later, and no third", async () => {
    const pool = new HandMadePool();
    void pool.acquire("a");
    await vi.advanceTimersByTimeAsync(1500);
    void pool.acquire("b");
    void pool.acquire("c");
    await vi.advanceTimersByTimeAsync(3000);
    expect(pool.opening).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pool.opening).toBe(2);
  });

  // Catches a wait that goes on by the clock though the server is back.
  test("lets the others begin as soon as one that hung is there", async () => {
    const pool = new HandMadePool();
    void pool.acquire("a");
    await vi.advanceTimersByTimeAsync(1500);
    for (const name of ["b", "c"]) void pool.acquire(name);
    await pool.open();
    expect(pool.opened).toEqual(["a"]);
    expect(pool.opening).toBe(2);
  });

  test("opens none for whoever no longer waits", async () => {
    const pool = new HandMadePool();
    void pool.acquire("a");
    await vi.advanceTimersByTimeAsync(1500);
    let wanted = true;
    const given = pool.acquire("b", () => wanted).catch((error: Error) => error.message);
    wanted = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await given).toMatch(/nobody waits/);
    expect(pool.opening).toBe(1);
  });
});
