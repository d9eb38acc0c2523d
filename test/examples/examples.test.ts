import { afterAll, beforeAll, expect, test } from "vitest";
import { ExamplePrograms } from "./example-programs.ts";

let examples: ExamplePrograms;

beforeAll(async () => {
  examples = await ExamplePrograms.copy();
  await examples.compile(["sqlite-app", "unit-test-a-consumer"]);
}, 60_000);

afterAll(async () => {
  await examples?.remove();
});

test("sqlite-app prints what its README says, and goes on where it was", async () => {
  // Catches a cursor that is not written before the end.
  const env = { DATABASE_FILE: examples.path("notes.db") };
  expect(await examples.run("sqlite-app", env)).toEqual(await examples.documented("sqlite-app"));
  expect(await examples.run("sqlite-app", env)).toEqual([
    'event 3: "buy milk" goes into the index',
    'event 4: "call Grace" goes into the index',
  ]);
});

test("the tests of unit-test-a-consumer pass", async () => {
  // Catches tests that are not found, which node:test counts as passed.
  const lines = await examples.run("unit-test-a-consumer");
  expect(lines).toEqual(
    expect.arrayContaining([expect.stringMatching(/\bpass 3$/), expect.stringMatching(/\bfail 0$/)]),
  );
  expect(lines.at(-1)).not.toMatch(/^ended with/);
});
