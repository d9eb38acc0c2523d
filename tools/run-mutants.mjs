// Runs the tests that are to catch each wrong implementation in test/mutants/mutants.ts against it. Exit code 1 if one
// survives, or if its tests are not green without it. Names as arguments choose mutants: npm run test:mutants -- "time-out skips"
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

const repository = fileURLToPath(new URL("../", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
// A mutant that makes a stream hang is to be caught soon, and a slow machine is not to be taken for a mutant.
const SHORTEST_TIMEOUT_MS = 5000;
const LONGEST_TIMEOUT_MS = 30_000;
const TIMES_AS_LONG = 3;

async function loadMutants() {
  const server = await createViteServer({
    root: repository,
    configFile: false,
    logLevel: "error",
    server: { middlewareMode: true, ws: false, watch: null },
  });
  try {
    const { mutants } = await server.ssrLoadModule("/test/mutants/mutants.ts");
    return mutants;
  } finally {
    await server.close();
  }
}

/** The outcomes of these tests, each on all servers; with a mutant in the source if one is named. */
async function runTests(tests, { mutant, timeoutMs = LONGEST_TIMEOUT_MS } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "rsql-mutants-"));
  const output = join(folder, "results.json");
  const files = [...new Set(tests.map(({ file }) => file))];
  // What test.each puts into a title is not known here.
  const pattern = [...new Set(tests.map(({ title }) => escapePattern(title)))].join("|");
  const limits = [`--testTimeout=${timeoutMs}`, "--reporter=json", `--outputFile=${output}`];
  const env = { ...process.env, ...(mutant === undefined ? {} : { RSQL_MUTANT: mutant }) };
  const child = spawn(process.execPath, [vitest, "run", ...files, "-t", pattern, ...limits], {
    env,
    cwd: repository,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  await new Promise((resolve) => child.once("close", resolve));
  try {
    const { testResults } = JSON.parse(await readFile(output, "utf8"));
    return testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => wasRun(status));
  } catch (error) {
    throw new Error(`the tests could not be run: ${errors}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function escapePattern(title) {
  return title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/%[sij]/g, ".*");
}

function wasRun(status) {
  return status === "passed" || status === "failed";
}

function isOf({ title }, { fullName }) {
  return new RegExp(escapePattern(title)).test(fullName);
}

function serverOf({ ancestorTitles }) {
  return ancestorTitles.find((title) => / with (mysql2|mariadb)$/.test(title)) ?? "no server";
}

/** Why the tests don't do, or undefined: each must have run and be green without the mutant. */
function unfit(tests, results) {
  for (const named of tests) {
    const own = results.filter((result) => isOf(named, result));
    if (own.length === 0) return `"${named.title}" did not run`;
    if (own.some(({ status }) => status === "failed")) return `"${named.title}" is red without it`;
  }
  return undefined;
}

/** The servers on which no test turned red. */
function survivedOn(results) {
  const servers = new Set(results.map(serverOf));
  return [...servers].filter((server) => !results.some((one) => serverOf(one) === server && one.status === "failed"));
}

/** Its tests with the mutant in the source, each with some times as long as it took without. */
async function attempt(tests, mutant, without) {
  const own = without.filter((result) => tests.some((named) => isOf(named, result)));
  const longestMs = TIMES_AS_LONG * Math.max(...own.map(({ duration = 0 }) => duration));
  const timeoutMs = Math.round(Math.min(LONGEST_TIMEOUT_MS, Math.max(SHORTEST_TIMEOUT_MS, longestMs)));
  try {
    return { results: await runTests(tests, { mutant, timeoutMs }), failure: undefined };
  } catch (error) {
    return { results: [], failure: error.message };
  }
}

/** The first line of the error. */
function whyRed([message = ""]) {
  // What vitest says of a test that ran out of time.
  return message.includes("STACK_TRACE_ERROR") ? "it ran out of time" : message.split("\n")[0];
}

const chosen = process.argv.slice(2);
const mutants = (await loadMutants()).filter(({ name }) => chosen.length === 0 || chosen.includes(name));
if (mutants.length === 0) throw new Error(`no mutant has the name ${chosen.join(", ")}`);
console.log(`Running the tests of ${mutants.length} mutants without any of them`);
const green = await runTests(mutants.flatMap(({ tests }) => tests));
let survivors = 0;
for (const { name, wrong, tests } of mutants) {
  const startedAt = performance.now();
  const problem = unfit(tests, green);
  const { results, failure } =
    problem === undefined ? await attempt(tests, name, green) : { results: [], failure: problem };
  const survived = survivedOn(results);
  const killed = failure === undefined && results.length > 0 && survived.length === 0;
  if (!killed) survivors++;
  const red = results.filter(({ status }) => status === "failed");
  const verdict = killed ? "killed" : (failure ?? `SURVIVED on ${survived.join(", ") || "all: nothing ran"}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`\n${name}: ${verdict} (${red.length} of ${results.length} tests red, ${seconds} s)\n  ${wrong}`);
  for (const { fullName, failureMessages } of red) {
    console.log(`  red: ${fullName.trim()}\n       ${whyRed(failureMessages)}`);
  }
}
console.log(`\n${mutants.length - survivors} mutants killed, ${survivors} survived`);
process.exitCode = survivors === 0 ? 0 : 1;
