import { expect, test } from "vitest";
import type { Database, Session } from "../database.ts";
import { Heartbeat } from "./heartbeat.ts";

/** A database whose sessions are opened when the test says so. */
class HandMadeDatabase {
  readonly identity = {};
  readonly lent: (() => void)[] = [];
  /** Which sessions have been given back, by their order. */
  readonly ended: number[] = [];

  poolState(): { connecting: number } {
    return { connecting: 1 };
  }

  async session<R>(use: (session: Session) => Promise<R>): Promise<R> {
    const number = this.lent.length;
    await new Promise<void>((resolve) => void this.lent.push(resolve));
    try {
      return await use({} as Session);
    } finally {
      this.ended.push(number);
    }
  }
}

// Catches a second connection that comes a moment after the first one, and has that closed under its question.
test("keeps the connection that was opened first, when a second one comes right after it", async () => {
  const database = new HandMadeDatabase();
  const heartbeat = new Heartbeat(database as unknown as Database);
  const asked = heartbeat.ask(async () => "there");
  await expect.poll(() => database.lent.length).toBe(2);
  const [first, second] = database.lent;
  first?.();
  expect(await asked).toEqual({ kind: "answered", value: "there" });
  second?.();
  await expect.poll(() => database.ended).toEqual([1]);
  heartbeat.close();
  await expect.poll(() => database.ended).toEqual([1, 0]);
});
