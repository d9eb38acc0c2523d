import type { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import type { DatabaseHandle } from "../handles/handles.ts";
import { toDatabase } from "../handles/recognise.ts";
import { transaction } from "../handles/transaction.ts";

const USES = 30;

interface Lent extends EventEmitter {
  /** What lies under mysql2's promises. The mariadb driver's handles pass listeners on by themselves. */
  readonly connection?: EventEmitter;
  release(): unknown;
}

// Catches a listener that each use of a connection leaves on it: with the eleventh, Node.js prints a warning.
describeEachEngine((engine) => {
  test("a connection that was used often has as many listeners for errors as a new one", async () => {
    const pool = await engine.createPool({ connectionLimit: 1 });
    const count = async (): Promise<number> => {
      const lent = (await pool.getConnection()) as unknown as Lent;
      const listeners = (lent.connection ?? lent).listenerCount("error");
      await lent.release();
      return listeners;
    };
    const fresh = await count();
    for (let use = 0; use < USES; use++) {
      await transaction(pool as DatabaseHandle, async () => undefined);
      await toDatabase(pool as DatabaseHandle).rows("select 1", []);
      await toDatabase(pool as DatabaseHandle)
        .rows("select no_such_column", [])
        .catch(() => undefined);
    }
    expect(await count()).toBe(fresh);
    expect(fresh).toBeLessThan(5);
  });
});
