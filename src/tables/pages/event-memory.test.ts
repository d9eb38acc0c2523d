import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventMemory, type HeldValues, LONGEST_ROOM_WAIT_MS } from "./event-memory.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

/** A memory in which long values may take 2 MiB. */
function smallMemory(): EventMemory {
  const memory = new EventMemory();
  memory.setLimit(16);
  return memory;
}

/** What someone waits for, in the order in which it is granted. */
class Granted {
  readonly names: string[] = [];
  readonly held: HeldValues[] = [];

  async ask(memory: EventMemory, name: string, bytes = MIB): Promise<void> {
    const held = await memory.room(bytes, signal);
    this.names.push(name);
    this.held.push(held);
  }
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe("EventMemory", () => {
  // Catches a bound that counts nothing, and one that lets go of nothing.
  test("grants room while less is held than may be, one piece beyond that, and then to those who wait, in order", async () => {
    const memory = smallMemory();
    const granted = new Granted();
    for (const name of ["first", "second", "third", "fourth"]) void granted.ask(memory, name);
    await turn();
    expect(granted.names).toEqual(["first", "second"]);
    expect(memory.heldBytes).toBe(2 * MIB);
    granted.held[1]?.release();
    await turn();
    expect(granted.names).toEqual(["first", "second", "third"]);
    granted.held[0]?.release();
    granted.held[2]?.release();
    await turn();
    granted.held[3]?.release();
    expect(granted.names).toEqual(["first", "second", "third", "fourth"]);
    expect(memory.heldBytes).toBe(0);
  });

  // Catches a bound that an event larger than it could never meet: its stream would stand still for ever.
  test("has room for one piece of any size", async () => {
    const memory = smallMemory();
    const granted = new Granted();
    await granted.ask(memory, "small", MIB);
    await granted.ask(memory, "huge", 100 * MIB);
    void granted.ask(memory, "next", MIB);
    await turn();
    expect(granted.names).toEqual(["small", "huge"]);
    granted.held[1]?.release();
    await turn();
    expect(granted.names).toEqual(["small", "huge", "next"]);
  });

  // Catches one slow consumer of a large event that makes all other streams wait, for seconds before each of their pieces.
  test("has room for small pieces at once, whatever others hold or wait for, as many as have a part of their own", async () => {
    const memory = smallMemory();
    const granted = new Granted();
    memory.take(9 * MIB);
    void granted.ask(memory, "large", MIB);
    const small = MIB / 8;
    expect(memory.pieceBytes).toBe(small);
    for (let piece = 1; piece <= 17; piece++) void granted.ask(memory, `small ${piece}`, small);
    await turn();
    expect(granted.names).toEqual(Array.from({ length: 16 }, (_, piece) => `small ${piece + 1}`));
    expect(memory.heldBytes).toBe(11 * MIB);
    for (const held of granted.held) held.release();
    expect(memory.heldBytes).toBe(9 * MIB);
  });

  // Catches large pieces that are never granted as long as others take small ones.
  test("grants room to large pieces as if nobody took small ones", async () => {
    const memory = smallMemory();
    const granted = new Granted();
    const held = memory.take(2 * MIB);
    void granted.ask(memory, "large", MIB);
    for (let piece = 1; piece <= 16; piece++) void granted.ask(memory, "small", MIB / 8);
    held.release();
    await turn();
    expect(granted.names.filter((name) => name === "large")).toHaveLength(1);
  });

  test("counts values until the last of those who hold them has let go", () => {
    const memory = smallMemory();
    const held = memory.take(MIB);
    held.hold();
    held.release();
    expect(memory.heldBytes).toBe(MIB);
    held.release();
    expect(memory.heldBytes).toBe(0);
  });

  test("keeps nothing for a wait that was aborted", async () => {
    const memory = smallMemory();
    const held = memory.take(2 * MIB);
    const ending = new AbortController();
    const wait = memory.room(MIB, ending.signal);
    const reason = new Error("closed");
    ending.abort(reason);
    await expect(wait).rejects.toBe(reason);
    held.release();
    expect(memory.heldBytes).toBe(0);
  });

  // Catches memory that is granted to a wait which is given up before it hears of that, and is never let go of.
  test("takes back what was granted to a wait that was aborted at the same time", async () => {
    const memory = smallMemory();
    const held = memory.take(2 * MIB);
    const ending = new AbortController();
    const wait = memory.room(MIB, ending.signal);
    held.release();
    ending.abort(new Error("closed"));
    await expect(wait).rejects.toThrow("closed");
    expect(memory.heldBytes).toBe(0);
  });

  // The rule: the more catch up, the less each has.
  test("has all streams that catch up share it, and the readers that keep events", () => {
    const memory = smallMemory();
    const alone = { page: memory.pageBytes, piece: memory.pieceBytes, cache: memory.cacheBytes };
    for (let stream = 0; stream < 10; stream++) memory.catchesUp();
    for (let reader = 0; reader < 4; reader++) memory.countCache(1);
    expect(memory.pageBytes).toBeCloseTo(alone.page / 10);
    expect(memory.pieceBytes).toBeCloseTo(alone.piece / 10);
    expect(memory.cacheBytes).toBeCloseTo(alone.cache / 4);
    for (let stream = 0; stream < 10; stream++) memory.caughtUp();
    for (let reader = 0; reader < 4; reader++) memory.countCache(-1);
    expect({ page: memory.pageBytes, piece: memory.pieceBytes, cache: memory.cacheBytes }).toEqual(alone);
  });

  describe("with consumers that hold their events for long", () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    // Catches streams that stand still for as long as some other consumer works on an event, which may be for ever.
    test("lets others go on after a while", async () => {
      const memory = smallMemory();
      const granted = new Granted();
      memory.take(2 * MIB);
      void granted.ask(memory, "waits");
      await vi.advanceTimersByTimeAsync(LONGEST_ROOM_WAIT_MS - 1);
      expect(granted.names).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(granted.names).toEqual(["waits"]);
      expect(memory.heldBytes).toBe(3 * MIB);
    });
  });
});
