import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BuiltDemo } from "./built-demo.ts";
import { passed, rolledBack, short } from "./told.ts";

const LIMIT_MS = 60_000;
let demo: BuiltDemo;

beforeAll(async () => {
  demo = await BuiltDemo.build();
}, LIMIT_MS);
afterAll(() => demo.remove());

describe("on SQLite", { timeout: LIMIT_MS }, () => {
  test("everything agrees; a log gets no escape sequences, and is told that rollbacks leave no gaps there", async () => {
    const run = await demo.start(["--engine", "sqlite", ...short], { FORCE_COLOR: "1" });
    expect(await run.story()).toMatch(/\nexit 0$/);
    expect(run.output).toMatch(passed);
    expect(run.output.replaceAll(/\s+/g, " ")).toContain("a rollback leaves no gap between them");
    expect(run.output).toMatch(rolledBack("no"));
    expect(run.output).not.toMatch(/gaps? closed|wait at a gap/);
    expect(run.output).not.toContain("\u001B");
    expect(await run.leftFiles()).toEqual([]);
  });

  test("an event that a consumer loses on purpose is found and named", async () => {
    const run = await demo.start(["--engine", "sqlite", "--break", "skip", ...short]);
    expect(await run.story()).toMatch(/\nexit 1$/);
    expect(run.output).toMatch(/^FAILED: mailer lost event \d+ \(order [a-d]-\d+\)$/m);
    expect(run.output).toContain("FAIL  every event reached every consumer");
  });
});

describe("what can't run", { timeout: LIMIT_MS }, () => {
  test("is told in a sentence: a flag that there is not", async () => {
    const run = await demo.start(["--fast"]);
    expect(await run.ended()).toBe(2);
    expect(run.errors).toContain("Unknown option --fast");
  });

  test("is told in a sentence: a server that can't be reached, without its password", async () => {
    const run = await demo.start([], { DATABASE_URL: "mysql://shop:secret@127.0.0.1:1/shop" });
    expect(await run.ended()).toBe(1);
    expect(run.errors).toMatch(
      /^The database 127.0.0.1:1\/shop could not be reached: .*ECONNREFUSED.* DATABASE_URL is right/,
    );
    expect(run.errors.trim().split("\n")).toHaveLength(1);
    expect(run.output + run.errors).not.toContain("secret");
    expect(await run.leftFiles()).toEqual([]);
  });
});
