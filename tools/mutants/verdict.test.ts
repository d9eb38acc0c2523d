import { expect, test } from "vitest";
import type { TestResult } from "./named-tests.ts";
import { judge, unfit } from "./verdict.ts";

const named = [{ file: "a.test.ts", title: "holds (always) at %s" }];

function result(status: string, server: string, message = "Error: it did not hold"): TestResult {
  const failureMessages = status === "failed" ? [`${message}\n    at line 1`] : [];
  return { fullName: `${server} holds (always) at a gap`, ancestorTitles: [server], status, failureMessages };
}

const [onMariadb, onMysql] = ["MariaDB with mysql2", "MySQL with mysql2"];

test("a mutant is killed if a test turned red on each server", () => {
  expect(judge(named, [result("failed", onMariadb), result("failed", onMysql)])).toEqual({ killed: true });
  const otherRed = { ...result("failed", onMysql), fullName: `${onMysql} another` };
  expect(judge(named, [result("failed", onMariadb), result("passed", onMysql), otherRed])).toEqual({ killed: true });
});

test("a mutant survives on a server where all tests stay green", () => {
  const verdict = judge(named, [result("failed", onMariadb), result("passed", onMysql)]);
  expect(verdict).toEqual({ killed: false, why: "SURVIVED on MySQL with mysql2" });
  expect(judge(named, [result("passed", "Graces")])).toEqual({ killed: false, why: "SURVIVED on no server" });
});

test("a mutant is not killed by tests that did not run", () => {
  const why = '"holds (always) at %s" did not run';
  expect(judge(named, [])).toEqual({ killed: false, why });
  expect(judge(named, [{ ...result("failed", onMysql), fullName: "another" }])).toEqual({ killed: false, why });
});

test("a mutant that does not run is not killed", () => {
  const broken = result("failed", onMysql, "ReferenceError: $part0 is not defined");
  expect(judge(named, [broken])).toMatchObject({ killed: false, why: expect.stringContaining("$part0") });
});

test("tests that did not run, or are red without a mutant, can't judge it", () => {
  expect(unfit(named, [])).toBe('"holds (always) at %s" did not run');
  expect(unfit(named, [result("passed", onMysql), result("failed", onMariadb)])).toContain("is red without it");
  expect(unfit(named, [result("passed", onMysql)])).toBeUndefined();
});
