import { createPool } from "mysql2/promise";
import { expect, test } from "vitest";
import { transaction } from "./transaction.ts";

// Catches the driver's bare ECONNREFUSED, which names neither what was done nor what to do.
test("a transaction that can't begin says so, with the remedy and the driver's error", async () => {
  const pool = createPool({ host: "127.0.0.1", port: 1, connectionLimit: 1 });
  const failed = transaction(pool, () => Promise.resolve("never"));
  await expect(failed).rejects.toMatchObject({
    code: "database_error",
    message: expect.stringMatching(
      /^could not begin a transaction: .*; check that the server runs and can be reached$/,
    ) as string,
    cause: { code: "ECONNREFUSED" },
  });
  await pool.end();
});

// Catches an error of the user's own that is taken for one of the beginning.
test("what the function of a transaction throws comes as it is", async () => {
  const { default: Libsql } = await import("libsql");
  const db = new Libsql(":memory:");
  const own = Object.assign(new Error("own"), { code: "ECONNREFUSED" });
  await expect(transaction(db, () => Promise.reject(own))).rejects.toBe(own);
  db.close();
});
