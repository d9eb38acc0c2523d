import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Libsql from "libsql";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);
/** A program that goes on for as long is ended, and its test fails. */
const LIMIT_MS = 20_000;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cursor-exit-"));
  // In the folder, so that the packages that the library imports are found from it.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const compiler = join(root, "node_modules", ".bin", "tsc");
  // File by file, as one program imports what the package does not export.
  const options = ["--outDir", join(folder, "dist"), "--emitDeclarationOnly", "false", "--noCheck"];
  await run(compiler, ["-p", join(root, "tsconfig.build.json"), ...options]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program with a cursors table "cursors" in a database file of its own, and tells what that holds afterwards. */
async function execute(name: string, program: string): Promise<{ rows: unknown; errors: string }> {
  const file = join(folder, `${name}.db`);
  const text = `import Database from "libsql";
    import { CursorsTable } from "./dist/tables/cursors/cursors-table.js";
    import { createTables } from "./dist/tables/schema/table-schema.js";
    const database = new Database(${JSON.stringify(file)});
    const table = new CursorsTable("cursors", { asyncPeriodMs: 3_600_000 });
    await createTables(database, [table]);
    ${program}`;
  writeFileSync(join(folder, `${name}.mjs`), text);
  const { stderr } = await run(process.execPath, ["--unhandled-rejections=strict", join(folder, `${name}.mjs`)], {
    timeout: LIMIT_MS,
  });
  const handle = new Libsql(file);
  const rows = handle.prepare("select id, last_event_id from cursors order by id").all();
  handle.close();
  return { rows, errors: stderr };
}

test("a program that just ends has its cursors written, and is not kept alive until the period is over", async () => {
  const { rows, errors } = await execute(
    "ends",
    `await table.setCursor(database, "a", "5");
     await table.clone().setCursor(database, "b", "6");`,
  );
  expect(rows).toEqual([
    { id: "a", last_event_id: 5 },
    { id: "b", last_event_id: 6 },
  ]);
  expect(errors).toBe("");
});

test("a cursor that is set while the others are written at the end is written too", async () => {
  const { rows } = await execute(
    "late",
    `await table.setCursor(database, "a", "5");
     process.once("beforeExit", () => setTimeout(() => table.setCursor(database, "a", "6"), 20));`,
  );
  expect(rows).toEqual([{ id: "a", last_event_id: 6 }]);
});

test("a flush that fails at the end warns and lets the program end", async () => {
  const { rows, errors } = await execute(
    "fails",
    `await table.setCursor(database, "a", "5");
     database.exec("drop table cursors");
     database.exec("create table cursors (id text primary key, last_event_id integer check (last_event_id <> 5), updated_at text)");`,
  );
  expect(rows).toEqual([]);
  expect(errors).toContain("ReflexRsqlWarning: cursors were not written at exit: could not write cursors: ");
});

// Catches a remedy that sends people to a server that runs well.
test("a flush at the end whose handle was closed before says so, and what to do", async () => {
  const { errors } = await execute("closed", `await table.setCursor(database, "a", "5"); database.close();`);
  expect(errors).toContain("ReflexRsqlWarning: cursors were not written at exit: ");
  expect(errors).toContain("close() of the cursors table while its pool is open");
  expect(errors).not.toContain("server runs");
  expect(errors).not.toContain(".;");
});

test("a program without anything to write holds no table for its end", async () => {
  const { errors } = await execute(
    "holds",
    `await table.setCursor(database, "a", "5");
     await table.flush();
     const { flushBeforeExit } = await import("./dist/tables/cursors/flush-before-exit.js");
     let flushed = 0;
     table.flush = () => { throw new Error("flushed again"); };
     const forget = flushBeforeExit({ flush: async () => { flushed += 1; } });
     forget();
     process.once("exit", () => { if (flushed > 0) console.error("flushed what was forgotten"); });`,
  );
  expect(errors).toBe("");
});
