import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PoolState } from "../database.ts";
import { ConnectGate, type GatedPool } from "./connect-gate.ts";
import type { Opening } from "./driver.ts";

// A driver's own.
const LIMIT_MS = 10_000;
// How often an operating system repeats a packet that got no answer, at first.
const REPEATED_EACH_MS = 1000;

interface HandMadeOpening extends Opening {
  phase: Opening["phase"];
  readonly sinceMs: number;
  readonly open: () => void;
}

/** A pool whose connections are opened when the test says so, to a server that does not answer otherwise. */
class HandMadePool implements GatedPool<number> {
  readonly opened: string[] = [];
  readonly #began: HandMadeOpening[] = [];
  readonly #opening = new Set<HandMadeOpening>();
  readonly #gate = new ConnectGate<number>(this);
  readonly #phase: Opening["phase"];
  most = 0;

  constructor(phase: Opening["phase"]) {
    this.#phase = phase;
  }

  /** The connections that the pool is opening, the oldest first. */
  get openings(): readonly HandMadeOpening[] {
    return [...this.#opening];
  }

  /** When each attempt began. */
  get began(): readonly number[] {
    return this.#began.map(({ sinceMs }) => sinceMs);
  }

  state(): PoolState {
    return { limit: 10, lent: 0, idle: 0, connecting: this.#opening.size, waiting: 0 };
  }

  opening(): Opening | undefined {
    return this.#began.at(-1);
  }

  acquire(): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        if (this.#opening.delete(opening)) settle();
      };
      const opening: HandMadeOpening = {
        phase: this.#phase,
        sinceMs: performance.now(),
        limitMs: LIMIT_MS,
        giveUp: () => end(() => reject(new Error("connect ETIMEDOUT"))),
        open: () => end(() => resolve(this.#began.length)),
      };
      this.#began.push(opening);
      this.#opening.add(opening);
      this.most = Math.max(this.most, this.#opening.size);
    });
  }

  async pass(name: string, wanted = (): boolean => true): Promise<void> {
    await this.#gate.pass(wanted);
    this.opened.push(name);
  }

  async open(opening: HandMadeOpening | undefined): Promise<void> {
    opening?.open();
    await vi.advanceTimersByTimeAsync(0);
  }
}

/** When a packet is sent by attempts that begin at these times and end after two seconds. */
function packetsOf(began: readonly number[]): number[] {
  return began.flatMap((ms) => [ms, ms + REPEATED_EACH_MS]).toSorted((a, b) => a - b);
}

function longestPause(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((ms, index) => ms - (times[index] ?? ms)));
}

describe("ConnectGate", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("lets all begin at once where none hangs", async () => {
    const pool = new HandMadePool("unanswered");
    for (const name of ["a", "b", "c", "d"]) void pool.pass(name);
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.openings).toHaveLength(4);
  });

  // Catches a pool that fills with connections that hang, each for its own time limit.
  test("lets one more begin where one hangs, half a second apart, and no third", async () => {
    const pool = new HandMadePool("unanswered");
    void pool.pass("a").catch(() => undefined);
    await vi.advanceTimersByTimeAsync(450);
    for (const name of ["b", "c", "d"]) void pool.pass(name).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(8000);
    expect(pool.most).toBe(2);
    expect(pool.openings).toHaveLength(2);
  });

  // Catches attempts that are kept while the operating system repeats their packets less and less often.
  test("has a packet on its way each half of a second for as long as nothing answers", async () => {
    const pool = new HandMadePool("unanswered");
    const waiting = [pool.pass("a"), pool.pass("b")];
    await vi.advanceTimersByTimeAsync(600);
    waiting.push(pool.pass("c"));
    for (const each of waiting) each.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(8000);
    const late = pool.began.filter((ms) => ms >= (pool.began[0] ?? 0) + 2000);
    expect(late.length).toBeGreaterThan(4);
    expect(longestPause(packetsOf(late))).toBeLessThanOrEqual(700);
    expect(pool.most).toBeLessThanOrEqual(2);
  });

  test("ends with the driver's own error after the driver's own time", async () => {
    const pool = new HandMadePool("unanswered");
    let ended = "not yet";
    void pool.pass("a").catch((error: Error) => {
      ended = error.message;
    });
    await vi.advanceTimersByTimeAsync(LIMIT_MS);
    expect(ended).toBe("connect ETIMEDOUT");
    expect(pool.openings).toHaveLength(0);
  });

  // Catches an attempt that waits for its next packet though the network is back.
  test("tries anew at once what got no answer, when another attempt has got one", async () => {
    const pool = new HandMadePool("unanswered");
    void pool.pass("a");
    await vi.advanceTimersByTimeAsync(500);
    for (const name of ["b", "c"]) void pool.pass(name);
    await vi.advanceTimersByTimeAsync(4300);
    const [first, second] = pool.openings;
    await pool.open(first);
    expect(pool.opened).toHaveLength(1);
    expect(pool.openings).not.toContain(second);
    expect(pool.openings.map(({ sinceMs }) => sinceMs)).toEqual([performance.now(), performance.now()]);
  });

  test("keeps one that waits for a greeting to the driver's limit, and replaces the other", async () => {
    const pool = new HandMadePool("silent");
    void pool.pass("a").catch(() => undefined);
    await vi.advanceTimersByTimeAsync(500);
    void pool.pass("b");
    const [first] = pool.openings;
    await vi.advanceTimersByTimeAsync(8000);
    expect(pool.openings).toContain(first);
    expect(pool.most).toBe(2);
    expect(longestPause(pool.began.slice(1))).toBeLessThanOrEqual(1000);
    // One that began later has been greeted: the first one never will be.
    await pool.open(pool.openings.find((opening) => opening !== first));
    expect(pool.opened).toEqual(["b"]);
    expect(pool.openings).not.toContain(first);
  });

  // Catches a server that refuses the host since a hundred connections to it were interrupted.
  test("waits longer for greetings the longer the server is away", async () => {
    const pool = new HandMadePool("silent");
    const endless = async (name: string): Promise<void> => {
      for (;;) await pool.pass(name).catch(() => undefined);
    };
    void endless("a");
    await vi.advanceTimersByTimeAsync(500);
    void endless("b");
    await vi.advanceTimersByTimeAsync(300_000);
    expect(pool.began.length).toBeLessThan(100);
  });

  test("leaves an attempt alone whose phase is not known, such as one that looks up a name", async () => {
    const pool = new HandMadePool(undefined);
    void pool.pass("a");
    void pool.pass("b");
    await vi.advanceTimersByTimeAsync(9000);
    expect(pool.began).toHaveLength(2);
  });

  // Catches a wait that goes on by the clock though the server is back.
  test("lets the others begin as soon as one that hung is there", async () => {
    const pool = new HandMadePool(undefined);
    void pool.pass("a");
    void pool.pass("b");
    await vi.advanceTimersByTimeAsync(1500);
    for (const name of ["c", "d"]) void pool.pass(name);
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.openings).toHaveLength(2);
    for (const opening of pool.openings) opening.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.opened).toEqual(["a", "b"]);
    expect(pool.openings).toHaveLength(2);
  });

  test("opens none for whoever no longer waits", async () => {
    const pool = new HandMadePool(undefined);
    void pool.pass("a");
    void pool.pass("b");
    await vi.advanceTimersByTimeAsync(1500);
    let wanted = true;
    const given = pool.pass("c", () => wanted).catch((error: Error) => error.message);
    wanted = false;
    await vi.advanceTimersByTimeAsync(8000);
    expect(await given).toMatch(/nobody waits/);
    expect(pool.began).toHaveLength(2);
  });
});
