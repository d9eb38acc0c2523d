import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NamedTest } from "../../test/mutants/mutant.ts";
import { patternOf, type TestResult } from "./named-tests.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const vitest = join(repository, "node_modules/vitest/vitest.mjs");

export interface TestRun {
  readonly tests: readonly NamedTest[];
  readonly timeoutMs: number;
  /** In the source while the tests run. */
  readonly mutant?: string;
  /** Whether MariaDB with mysql2 is enough. */
  readonly oneServer: boolean;
}

/** The outcomes of these tests, in a process of their own with servers of its own: a mutant leaves nothing to the next. */
export async function runTests({ tests, timeoutMs, mutant, oneServer }: TestRun): Promise<TestResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "rsql-mutants-"));
  const output = join(folder, "results.json");
  const files = [...new Set(tests.map(({ file }) => file))];
  const names = oneServer ? `^(?!\\S+ with mariadb )(?!SQLite ).*(${patternOf(tests)})` : patternOf(tests);
  const limits = [`--testTimeout=${timeoutMs}`, "--reporter=json", `--outputFile=${output}`];
  const env = {
    ...process.env,
    ...(mutant === undefined ? {} : { RSQL_MUTANT: mutant }),
    ...(oneServer ? { RSQL_SERVERS: "mariadb" } : {}),
  };
  const child = spawn(process.execPath, [vitest, "run", ...files, "-t", names, ...limits], {
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
    const { testResults } = JSON.parse(await readFile(output, "utf8")) as {
      testResults: { assertionResults: TestResult[] }[];
    };
    return testResults.flatMap(({ assertionResults }) => assertionResults).filter(wasRun);
  } catch (error) {
    throw new Error(`the tests could not be run: ${errors}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wasRun({ status }: TestResult): boolean {
  return status === "passed" || status === "failed";
}
