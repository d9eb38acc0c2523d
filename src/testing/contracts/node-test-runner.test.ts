import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltLibrary, buildLibrary } from "../../../test/support/package/built-library.ts";

let library: BuiltLibrary;

beforeAll(async () => {
  library = await buildLibrary();
});
afterAll(() => library.remove());

interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** Runs a test file by Node's own runner. */
async function runByNode(name: string, source: string): Promise<Outcome> {
  const file = join(dirname(fileURLToPath(library.url)), name);
  const imports = ["cursorStoreContract", "eventStreamContract", "memoryCursorStore", "mockStream"].join(", ");
  await writeFile(
    file,
    `import { test } from "node:test";
     import { ${imports} } from "./testing/index.js";
     ${source}`,
  );
  // It would report to the runner that this file runs in.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--test", "--test-reporter=tap", file], { env }, (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}

// Catches a suite that imports vitest, or whose cases need something of it.
test("the contracts run by Node's own test runner, with nothing installed for it", async () => {
  const { status, output } = await runByNode(
    "contracts.test.mjs",
    `const stream = () => {
       const mock = mockStream();
       return { stream: mock, insert: async (ids) => mock.push(...ids.map((foreignId) => ({ foreignId, timestamp: new Date() }))) };
     };
     const store = () => {
       const cursors = memoryCursorStore();
       return { open: () => cursors };
     };
     const options = { patienceMs: 20_000 };
     for (const { name, run } of [...eventStreamContract(stream, options), ...cursorStoreContract(store, options)]) test(name, run);`,
  );
  expect(output).toMatch(/# fail 0/);
  expect(Number(/# pass (\d+)/.exec(output)?.[1])).toBeGreaterThan(40);
  expect(output).toContain("delivers every event once, in the order of ids");
  expect(status).toBe(0);
});

// Catches cases whose failures another runner does not see.
test("a wrong store fails by Node's own test runner, with what is wrong with it", async () => {
  const { status, output } = await runByNode(
    "wrong.test.mjs",
    `const wrong = () => ({ open: () => ({ ...memoryCursorStore(), getCursor: async () => "0" }) });
     for (const { name, run } of cursorStoreContract(wrong)) test(name, run);`,
  );
  expect(status).toBe(1);
  expect(output).toContain(`the cursor of consumer must be '', found '0'`);
  expect(output).toContain("ERR_ASSERTION");
});
