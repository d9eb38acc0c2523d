import { describe, expect, test } from "vitest";
import { cursorStoreContract } from "../contracts/cursor-store-contract.ts";
import { memoryCursorStore } from "./memory-cursor-store.ts";

// What each catches is said by its name and tried out in cursor-store-contract.test.ts.
describe("the contract of cursor stores holds for one in memory", () => {
  const cases = cursorStoreContract(
    () => {
      const store = memoryCursorStore();
      return { open: () => store };
    },
    { patienceMs: 20_000 },
  );
  test.each(cases)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());
});

describe("a cursor store in memory", () => {
  // Catches a store that hands out what it works with, so that a test could change it.
  test("begins with the cursors that it is given, and shows all by a copy", async () => {
    const initial = { mailer: "41" };
    const store = memoryCursorStore(initial);
    await store.setCursor("mailer", "42");
    await store.setCursor("__proto__", "7");
    const cursors = store.cursors();
    expect(Object.entries(cursors)).toEqual([
      ["mailer", "42"],
      ["__proto__", "7"],
    ]);
    expect(initial).toEqual({ mailer: "41" });
    cursors["mailer"] = "1";
    expect(await store.getCursor("mailer")).toBe("42");
  });

  // Catches a wrong start that a test would take for its consumer's fault.
  test.each([[{ mailer: "x" }], [{ mailer: "" }], [{ " ": "1" }]])("refuses to begin with %j", (initial) => {
    expect(() => memoryCursorStore(initial)).toThrow(/cursor|name/);
  });
});
