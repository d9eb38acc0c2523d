import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";
import type { CursorStore } from "../../reflex/cursor-store.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { makeTestEvent } from "../memory/make-test-event.ts";
import { type MemoryCursorStore, memoryCursorStore } from "../memory/memory-cursor-store.ts";
import { type CursorStoreContractOptions, cursorStoreContract } from "./cursor-store-contract.ts";

/** Opens a store over the cursors that all stores of a subject share. */
type Open = (shared: MemoryCursorStore) => CursorStore;

/** A store that does what the shared one does, but for some methods. */
function but(change: (shared: MemoryCursorStore) => Partial<CursorStore>): Open {
  return (shared) => ({ ...shared, ...change(shared) });
}

/** A store that writes only when `writes` says so. */
function holding(writes: { flush?: boolean; consumer?: boolean; get?: boolean; dispose?: boolean }): Open {
  return (shared) => {
    const own = new Map<string, string>();
    const write = async (consumer?: string): Promise<void> => {
      for (const [name, cursor] of own) {
        if (consumer !== undefined && consumer !== name) continue;
        own.delete(name);
        await shared.setCursor(name, cursor);
      }
    };
    return {
      getCursor: async (consumer) => {
        if (writes.get ?? true) await write(consumer);
        return own.get(consumer) ?? shared.getCursor(consumer);
      },
      setCursor: async (consumer, cursor) => void own.set(consumer, cursor),
      flush: async ({ consumer } = {}) => {
        if (consumer === undefined ? (writes.flush ?? true) : (writes.consumer ?? true)) await write(consumer);
      },
      [Symbol.asyncDispose]: async () => {
        if (writes.dispose ?? true) await write();
      },
    };
  };
}

/** A store that sets whatever it is given, by a comparison of its own. */
function comparing(isBeyond: (cursor: string, existing: string) => boolean): Open {
  return but((shared) => {
    const own = new Map<string, string>();
    return {
      getCursor: async (consumer) => own.get(consumer) ?? "",
      setCursor: async (consumer, cursor) => {
        const existing = own.get(consumer);
        if (existing !== undefined && !isBeyond(cursor, existing)) return shared.setCursor(consumer, "x");
        own.set(consumer, cursor);
      },
    };
  });
}

/** Wrong stores, and the rule that tells each. */
const broken: Readonly<Record<string, readonly [rule: string, Open, CursorStoreContractOptions?]>> = {
  "gives 0 where there is none": [
    'gives "" for a consumer that has no cursor',
    but((shared) => ({ getCursor: async (consumer) => (await shared.getCursor(consumer)) || "0" })),
  ],
  "sets a cursor once": [
    "gives the cursor that was set last",
    but((shared) => ({
      setCursor: async (consumer, cursor) => {
        if ((await shared.getCursor(consumer)) === "") await shared.setCursor(consumer, cursor);
      },
    })),
  ],
  "takes 0 for no cursor": [
    "keeps a cursor of 0, with which a run from the head of an empty table begins",
    but((shared) => ({
      getCursor: async (consumer) => (await shared.getCursor(consumer)).replace(/^0$/, ""),
    })),
  ],
  "takes the same cursor again": [
    "refuses a cursor that does not advance, tells the existing one and keeps it",
    but((shared) => ({
      setCursor: async (consumer, cursor) => {
        if ((await shared.getCursor(consumer)) !== cursor) await shared.setCursor(consumer, cursor);
      },
    })),
  ],
  "refuses with an error of its own": [
    "refuses a cursor that does not advance, tells the existing one and keeps it",
    but((shared) => ({
      setCursor: (consumer, cursor) => shared.setCursor(consumer, cursor).catch(() => Promise.reject(new Error("no"))),
    })),
  ],
  "knows only what it set itself": [
    "refuses a cursor that does not advance beyond one that was written before",
    (shared) => {
      const own = memoryCursorStore();
      const setCursor = async (consumer: string, cursor: string): Promise<void> => {
        await own.setCursor(consumer, cursor);
        await shared.setCursor(consumer, cursor).catch(() => undefined);
      };
      return { ...shared, setCursor };
    },
  ],
  "sets an empty cursor": [
    "refuses an empty cursor",
    but((shared) => ({
      setCursor: async (consumer, cursor) => {
        if (cursor !== "") await shared.setCursor(consumer, cursor);
      },
    })),
  ],
  "flushes nothing": ["has written everything when flush() resolves", holding({ flush: false })],
  "flushes no single consumer": [
    "has written one consumer's cursor when the flush of it resolves",
    holding({ consumer: false }),
  ],
  "gives what it has not written": [
    "has written a consumer's cursor when getCursor() gives it",
    holding({ get: false }),
  ],
  "loses what it holds at its disposal": [
    "has written everything when it is disposed of, which may be done twice",
    holding({ dispose: false }),
  ],
  "moves another store's cursor back": [
    "keeps a cursor that another store moved further, and says so",
    (shared) => {
      const cursors = holding({ flush: true })(shared);
      return { ...cursors, flush: () => cursors.flush().catch(() => undefined) };
    },
  ],
  "compares numbers as text": ["compares cursors as numbers", comparing((cursor, existing) => cursor > existing)],
  "counts in doubles": [
    "keeps cursors up to 2^63-1 exactly",
    comparing((cursor, existing) => Number(cursor) > Number(existing)),
  ],
  "takes any text for a number": ["refuses a cursor that is no whole number of 63 bits", comparing(() => true)],
  "compares text as UTF-16": [
    "compares cursors byte by byte",
    comparing((cursor, existing) => cursor > existing),
    { cursorType: "string" },
  ],
  "has one cursor for all": [
    "keeps consumers apart",
    but((shared) => ({
      getCursor: () => shared.getCursor("all"),
      setCursor: (_, cursor) => shared.setCursor("all", cursor).catch(() => undefined),
    })),
  ],
  "takes names as a case-insensitive column does": [
    "takes names exactly: those that differ only in case or accents are different consumers",
    but((shared) => ({
      getCursor: (consumer) => shared.getCursor(consumer.toLowerCase()),
      setCursor: (consumer, cursor) => shared.setCursor(consumer.toLowerCase(), cursor),
    })),
  ],
  "trims names": [
    "refuses names that a database could take for others",
    but((shared) => ({
      getCursor: (consumer) => shared.getCursor(consumer.trim()),
      setCursor: (consumer, cursor) => shared.setCursor(consumer.trim(), cursor),
    })),
  ],
  "ignores signals": [
    "rejects with the reason of a signal that is aborted, and sets nothing",
    but((shared) => ({ setCursor: (consumer, cursor) => shared.setCursor(consumer, cursor) })),
  ],
  "sets the cursor of a call that was aborted": [
    "rejects with the reason of a signal that is aborted, and sets nothing",
    but((shared) => ({
      setCursor: async (consumer, cursor, options) => {
        await shared.setCursor(consumer, cursor);
        options?.signal?.throwIfAborted();
      },
    })),
  ],
  "keeps no positions though it has a function for them": [
    "gives the position of the event with which the cursor was set last, if it keeps positions",
    but(() => ({ getPosition: async () => undefined })),
  ],
  "takes the event before for the one at the cursor": [
    "gives no position, or one of another cursor, after a cursor was set without an event",
    but((shared) => ({
      getPosition: async (consumer) => {
        const [position, cursor] = [await shared.getPosition?.(consumer), await shared.getCursor(consumer)];
        return positionOf(makeTestEvent({ id: cursor === "" ? "1" : cursor, foreignId: position ?? "none" }));
      },
    })),
  ],
  "has one position for all": [
    "keeps the positions of consumers apart",
    but((shared) => {
      let last: string | undefined;
      return {
        getPosition: async () => last,
        setCursor: async (consumer, cursor, options = {}) => {
          await shared.setCursor(consumer, cursor, options);
          last = options.event && positionOf(options.event);
        },
      };
    }),
  ],
};

describe("the contract of cursor stores", () => {
  const cases = (open: Open, options: CursorStoreContractOptions = {}): ReturnType<typeof cursorStoreContract> =>
    cursorStoreContract(
      () => {
        const shared = memoryCursorStore();
        return { open: () => open(shared) };
      },
      { patienceMs: 250, ...options },
    );

  // Catches a rule that a wrong store passes.
  test.each(Object.entries(broken))("fails a store that %s", async (_, [rule, open, options]) => {
    const found = cases(open, options).find(({ name }) => name === rule);
    const error = await found?.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as Error).message).toMatch(/must|waited/);
  });

  // Catches rules that need what not every store has.
  test("holds for a store without positions", async () => {
    const without: Open = (shared) => ({
      getCursor: (...given) => shared.getCursor(...given),
      setCursor: (...given) => shared.setCursor(...given),
      flush: (...given) => shared.flush(...given),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
    for (const { run } of cases(without)) await expect(run()).resolves.toBeUndefined();
  });

  // Catches a rule that no wrong store was tried on.
  test("has no rule that is not among these", () => {
    const rules = [...cases((shared) => shared), ...cases((shared) => shared, { cursorType: "string" })];
    expect(new Set(rules.map(({ name }) => name))).toEqual(new Set(Object.values(broken).map(([rule]) => rule)));
  });
});
