import { describe, expect, test } from "vitest";
import { LoadGate } from "./load-gate.ts";

interface Load {
  readonly done: Promise<string>;
  readonly started: () => boolean;
  end(error?: Error): void;
}

function start(gate: LoadGate, name: string): Load {
  let started = false;
  let end: Load["end"] = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const done = gate.run(async () => {
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
});
