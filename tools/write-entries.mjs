// Writes the list of entries.mjs to the JSON files that need it. With --check it changes nothing, and fails if one differs.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { entries } from "./entries.mjs";

const repository = resolve(import.meta.dirname, "..");

const exported = entries.map(({ subpath, output }) => [
  subpath,
  { types: `./dist/${output}.d.ts`, default: `./dist/${output}.js` },
]);

/** What the list says, file by file. */
const wanted = {
  "package.json": {
    of: (content) => content.exports,
    value: { ...Object.fromEntries(exported), "./package.json": "./package.json" },
    put: (content, value) => ({ ...content, exports: value }),
  },
  "tsconfig.json": {
    of: (content) => content.compilerOptions.paths,
    value: Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [`./${source}`]])),
    put: (content, value) => ({ ...content, compilerOptions: { ...content.compilerOptions, paths: value } }),
  },
};

const stale = Object.entries(wanted).filter(([file, { of, value }]) => {
  const content = JSON.parse(readFileSync(join(repository, file), "utf8"));
  // Its order is what a reader sees.
  return !isDeepStrictEqual(Object.entries(of(content)), Object.entries(value));
});
if (process.argv.includes("--check")) {
  for (const [file] of stale) console.error(`${file} is not as tools/entries.mjs says: npm run entries`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [file, { put, value }] of stale) {
    const path = join(repository, file);
    writeFileSync(path, JSON.stringify(put(JSON.parse(readFileSync(path, "utf8")), value), undefined, 2));
    execFileSync(process.execPath, [
      join(repository, "node_modules/@biomejs/biome/bin/biome"),
      "format",
      "--write",
      path,
    ]);
    console.log(`${file} written`);
  }
}
