// Compares what the package in dist/ costs its users with tools/package-budgets.json, and fails if something costs more.
// With --accept it writes the present figures there; the margins are kept.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { entries } from "./entries.mjs";
import { importCost } from "./import-cost.mjs";

const repository = resolve(import.meta.dirname, "..");
const file = join(repository, "tools/package-budgets.json");
const IMPORT_ROUNDS = 9;

/** The bytes of a file and of all files of the package that it loads. */
function bytesLoaded(path, loaded = new Set()) {
  if (loaded.has(path)) return 0;
  loaded.add(path);
  const text = readFileSync(path, "utf8");
  const imported = [...text.matchAll(/^(?:import|export) .*?"(\.[^"]+)";$/gm)].map(([, to]) =>
    resolve(dirname(path), to),
  );
  return imported.reduce((sum, other) => sum + bytesLoaded(other, loaded), Buffer.byteLength(text));
}

function measure() {
  // Without the colours and notices that npm's surroundings may ask for.
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: repository,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ size, unpackedSize, entryCount }] = JSON.parse(packed);
  const loads = entries.map(({ specifier, output }) => [
    `bytes that ${specifier} loads`,
    bytesLoaded(join(repository, `dist/${output}.js`)),
  ]);
  const importRatio = importCost("reflex-rsql", { comparedWith: "mysql2/promise", rounds: IMPORT_ROUNDS });
  return {
    "bytes packed": size,
    "bytes unpacked": unpackedSize,
    files: entryCount,
    ...Object.fromEntries(loads),
    "import time, in imports of mysql2/promise": importRatio,
  };
}

const { margins, figures: accepted } = JSON.parse(readFileSync(file, "utf8"));

function problemOf([name, figure]) {
  const budget = accepted[name];
  if (budget === undefined) return `${name}: ${figure}, for which there is no budget`;
  const margin = name.startsWith("import time") ? margins.importTime : margins.size;
  const most = budget * (1 + margin);
  const allowed = Number.isInteger(budget) ? Math.floor(most) : most.toFixed(1);
  // A figure that could not be measured is no number, and a problem too.
  return !(figure <= most) ? `${name}: ${figure}, at most ${allowed} (${budget} when it was last accepted)` : undefined;
}

const figures = measure();
if (process.argv.includes("--accept")) {
  if (!Object.values(figures).every(Number.isFinite)) throw new Error(`could not measure ${JSON.stringify(figures)}`);
  for (const [name, figure] of Object.entries(figures)) {
    if (figure !== accepted[name]) console.log(`${name}: ${figure}, was ${accepted[name] ?? "unknown"}`);
  }
  writeFileSync(file, `${JSON.stringify({ margins, figures }, undefined, 2)}\n`);
} else {
  const problems = Object.entries(figures)
    .map(problemOf)
    .filter((problem) => problem !== undefined);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0)
    console.error("The package costs more than its budget. If that is worth it: npm run accept:package");
  else
    console.log(
      Object.entries(figures)
        .map(([name, figure]) => `${name}: ${figure}`)
        .join("\n"),
    );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
