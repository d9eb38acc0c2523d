// Removes the declarations that no entry leads to from dist/, or from the folder that is named: tsc writes one a source file.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { entries } from "./entries.mjs";

const folder = resolve(process.argv[2] ?? "dist");
const reached = new Set();

function reach(declarations) {
  if (reached.has(declarations)) return;
  reached.add(declarations);
  for (const [, imported] of readFileSync(declarations, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.[jt]s"/g)) {
    reach(resolve(dirname(declarations), `${imported}.d.ts`));
  }
}

for (const { output } of entries) reach(join(folder, `${output}.d.ts`));
for (const name of readdirSync(folder, { recursive: true })) {
  const file = join(folder, name);
  if (name.endsWith(".d.ts") && !reached.has(file)) rmSync(file);
}
