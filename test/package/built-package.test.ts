import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.mjs";
import { entries } from "../../tools/entries.mjs";
import { buildPackage } from "../support/package/build-package.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let dist: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "built-package-"));
  const modules = join(folder, "node_modules");
  dist = join(modules, "reflex-rsql/dist");
  await mkdir(dist, { recursive: true });
  await buildPackage(dist);
  await copyFile(join(root, "package.json"), join(modules, "reflex-rsql/package.json"));
  await cp(join(modules, "reflex-rsql"), join(modules, "another-copy"), { recursive: true });
  for (const name of ["libsql", "@libsql", "@neon-rs", "detect-libc"])
    await symlink(join(root, "node_modules", name), join(modules, name));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program that imports the package by its name prints. */
async function printed(program: string): Promise<unknown> {
  const file = join(folder, "program.mjs");
  await writeFile(file, program);
  const { stdout } = await promisify(execFile)(process.execPath, [file]);
  return JSON.parse(stdout);
}

// Catches a bundle with a copy of what another has, which are two maps of pools and two classes of errors.
test("no source file is in two files of the package", async () => {
  const files = await bundle(join(folder, "bundle"));
  const all = files.flatMap(({ sources }) => sources);
  expect(all.filter((source, index) => all.indexOf(source) !== index)).toEqual([]);
  expect(all.length).toBeGreaterThan(100);
});

// Catches maps, which lead to a source that is not there, and a file that nothing loads.
test("it holds the code of the entries, and nothing beside it", async () => {
  const files = await readdir(dist, { recursive: true, withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map((file) => relative(dist, join(file.parentPath, file.name)));
  const chunks = names.filter((name) => name.startsWith("chunks/"));
  expect(names.toSorted()).toEqual([...entries.map(({ output }) => `${output}.js`), ...chunks].toSorted());
  const texts = await Promise.all(names.map((name) => readFile(join(dist, name), "utf8")));
  expect(chunks.filter((name) => !texts.some((text) => text.includes(`/${basename(name)}"`)))).toEqual([]);
  expect(texts.filter((text) => text.includes("sourceMappingURL"))).toEqual([]);
});

test("the package's parts know each other's tables, errors and consumers", async () => {
  const program = `
    import Database from "libsql";
    import { createConsumer, createTables, ErrorsTable, EventsTable, ReflexError } from "reflex-rsql";
    import { createDeadLetterConsumer } from "reflex-rsql/patterns";
    import { getNextEvents, memoryCursorStore } from "reflex-rsql/testing";
    const db = new Database(":memory:");
    const events = new EventsTable("events");
    const errors = new ErrorsTable();
    await createTables(db, [events, errors]);
    const { eventId } = await events.insert(db, "order", 1);
    const [event] = await getNextEvents(db, events, "");
    const refused = await memoryCursorStore().setCursor("mailer", "").catch((error) => error);
    const failing = createConsumer("mailer", () => Promise.reject(new Error("no")));
    const consumer = createDeadLetterConsumer(failing, { errors: errors.toErrorInserter(db), retries: 0 });
    await consumer.consume(event, { signal: new AbortController().signal });
    const [{ id }] = await errors.list(db);
    // Of the wrapper itself it would succeed.
    const retried = await errors.retry(db, id, { consumer, events }).catch((error) => error);
    console.log(JSON.stringify({
      read: event.id === eventId,
      refused: refused instanceof ReflexError,
      retried: retried instanceof ReflexError && retried.code,
    }));
  `;
  expect(await printed(program)).toEqual({ read: true, refused: true, retried: "consumer_failed" });
});

test("an error of another copy of the package is known as one", async () => {
  const program = `
    import { isReflexError, ReflexError } from "reflex-rsql";
    import { memoryCursorStore } from "another-copy/testing";
    const refused = await memoryCursorStore().setCursor("mailer", "").catch((error) => error);
    console.log(JSON.stringify({ same: refused instanceof ReflexError, known: isReflexError(refused, "invalid_cursor") }));
  `;
  expect(await printed(program)).toEqual({ same: false, known: true });
});

test("what the package exports has the names that it is exported by", async () => {
  const program = `
    const parts = await Promise.all(${JSON.stringify(entries.map(({ specifier }) => specifier))}.map((name) => import(name)));
    const functions = parts.flatMap(Object.entries).filter(([, value]) => typeof value === "function");
    console.log(JSON.stringify(functions.map(([name, value]) => [name, value.name])));
  `;
  const names = (await printed(program)) as [string, string][];
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter(([exported, own]) => exported !== own)).toEqual([]);
});
