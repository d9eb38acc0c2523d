import { describe, expect, test } from "vitest";
import { LoadGate, MOST_BEFORE, NEAR } from "./load-gate.ts";

interface Load {
  readonly done: Promise<string>;
  readonly started: () => boolean;
  end(error?: Error): void;
}

function start(gate: LoadGate, name: string, position = 1n): Load {
  let started = false;
  let end: Load["end"] = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const done = gate.run(position, async () => {
    started = true;
    await ended;
    return name;
  });
  done.catch(() => undefined);
  return { done, started: () => started, end: (error) => end(error) };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("LoadGate", () => {
  // Catches a gate that lets all through, and one that lets a place go to two.
  test("lets so many run at a time, the others in their order", async () => {
    const gate = new LoadGate(2);
    const loads = ["a", "b", "c", "d"].map((name) => start(gate, name));
    await settled();
    expect(loads.map((load) => load.started())).toEqual([true, true, false, false]);
    loads[1]?.end();
    await settled();
    expect(loads.map((load) => load.started())).toEqual([true, true, true, false]);
    for (const load of loads) load.end();
    expect(await Promise.all(loads.map((load) => load.done))).toEqual(["a", "b", "c", "d"]);
    const [e, f, g] = ["e", "f", "g"].map((name) => start(gate, name));
    await settled();
    expect([e?.started(), f?.started(), g?.started()]).toEqual([true, true, false]);
  });

  // Catches a gate that keeps the place of a load that failed: after two errors no stream reads any more.
  test("gives the place of a failed load to the next", async () => {
    const gate = new LoadGate(1);
    const first = start(gate, "first");
    const second = start(gate, "second");
    first.end(new Error("lost"));
    await expect(first.done).rejects.toThrow("lost");
    second.end();
    await expect(second.done).resolves.toBe("second");
    const third = start(gate, "third");
    third.end();
    await expect(third.done).resolves.toBe("third");
  });

  // Catches one that keeps streams apart that go through the same events at a small distance.
  test("lets those go first that are a little behind the next, the last of them at once", async () => {
    const gate = new LoadGate(1);
    const running = start(gate, "running");
    const waiting = [7n * NEAR, 7n * NEAR - NEAR / 2n, 6n * NEAR + 1n, 5n * NEAR].map((position) =>
      start(gate, String(position), position),
    );
    running.end();
    await settled();
    expect(waiting.map((load) => load.started())).toEqual([false, false, true, false]);
    for (const load of waiting) load.end();
    await Promise.all(waiting.map((load) => load.done));
  });

  // Catches one that lets streams which come in behind keep back the one in front for ever.
  test("lets no more than so many go before the one whose turn it is", async () => {
    const gate = new LoadGate(1);
    const running = start(gate, "running");
    const inFront = start(gate, "in front", BigInt(MOST_BEFORE) * 20n);
    const behind = Array.from({ length: MOST_BEFORE + 10 }, (_, index) =>
      start(gate, String(index), BigInt(index + 1)),
    );
    for (const load of behind) load.end();
    running.end();
    await Promise.all(behind.slice(0, MOST_BEFORE).map((load) => load.done));
    await settled();
    expect(inFront.started()).toBe(true);
    expect(behind.filter((load) => load.started())).toHaveLength(MOST_BEFORE);
    inFront.end();
    await Promise.all(behind.map((load) => load.done));
  });
});
