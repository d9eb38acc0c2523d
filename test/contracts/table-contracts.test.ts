import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe } from "vitest";
import { sqliteDatabase } from "../../src/database/sqlite/sqlite-database.ts";
import { registerCursorContracts, registerStreamContracts } from "../support/contracts/table-contracts.ts";

describe.each(["file", "memory"])("on SQLite in %s", (where) => {
  const folder = mkdtempSync(join(tmpdir(), "contracts-"));
  const handle = new Libsql(where === "file" ? join(folder, "contracts.db") : ":memory:");
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
    rmSync(folder, { recursive: true });
  });
  registerStreamContracts(() => Promise.resolve(handle));
  registerCursorContracts(() => Promise.resolve(handle));
});
