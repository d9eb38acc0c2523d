import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importProblem, specifierProblem } from "./lint-plugin.mjs";
import { roomOf, rooms } from "./rooms.mjs";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const sources = execFileSync("git", ["ls-files", "src/*.ts"], { cwd: repository, encoding: "utf8" }).trim().split("\n");

test.each([
  {
    name: "from above",
    file: "src/tables/gaps/a.ts",
    imported: "src/tables/reader/b.ts",
    why: "only what is below it",
  },
  { name: "of its own floor", file: "src/reflex/a.ts", imported: "src/database/b.ts", why: "only what is below it" },
  {
    name: "that it is not to know",
    file: "src/patterns/a.ts",
    imported: "src/database/b.ts",
    why: "only, not database",
  },
  { name: "of no room", file: "src/reflex/a.ts", imported: "src/elsewhere/b.ts", why: "src/elsewhere/b.ts is no room" },
  { name: "outside of the source", file: "src/reflex/a.ts", imported: "test/support/b.ts", why: "outside of it" },
  { name: "an index", file: "src/testing/index.ts", imported: "src/testing/memory/index.ts", why: "imports an index" },
])("a file may not import what is $name", ({ file, imported, why }) => {
  expect(importProblem(file, imported)).toContain(why);
});

test("a file may import its own room and those below", () => {
  expect(importProblem("src/tables/reader/a.ts", "src/tables/reader/b.ts")).toBeUndefined();
  expect(importProblem("src/tables/reader/a.ts", "src/errors/b.ts")).toBeUndefined();
});

test.each([
  { name: "the package by its name", specifier: "reflex-rsql/testing", why: "imports an index" },
  { name: "a path that is worked out", specifier: undefined, why: "worked out" },
  { name: "a path that leads up", specifier: "../reader/table-reader.ts", why: "only what is below it" },
  { name: "an index beside it", specifier: "./index.ts", why: "imports an index" },
])("a file may not import $name", ({ specifier, why }) => {
  expect(specifierProblem("src/tables/gaps/a.ts", specifier)).toContain(why);
});

test.each(["node:net", "mysql2/promise", "./probe.ts", "../position/position.ts"])(
  "a file may import %s",
  (specifier) => {
    expect(specifierProblem("src/tables/gaps/a.ts", specifier)).toBeUndefined();
  },
);

test("every file of the source stands in a room, and every room that is not planned has files", () => {
  expect(sources.filter((file) => roomOf(file) === undefined)).toEqual([]);
  const built = rooms.filter(({ planned }) => planned !== true);
  expect(built.filter((room) => !sources.some((file) => roomOf(file) === room))).toEqual([]);
  const named = rooms.filter((room) => room.planned === true);
  expect(named.filter(({ path }) => existsSync(`${repository}src/${path}`))).toEqual([]);
});
