import { expect, test } from "vitest";
import { parseSilenceArguments } from "./arguments.ts";

test("without options it is 16 tries of all ways on both servers, by a seed that is drawn", () => {
  const { seed, ...rest } = parseSilenceArguments([]);
  expect(seed).toBeGreaterThanOrEqual(0);
  expect(rest).toEqual({ help: false, json: false, tries: 16, ways: [], servers: ["mariadb", "mysql"] });
});

test.each([
  [["--tries", "2"], { tries: 2 }],
  [["--seed", "42"], { seed: 42 }],
  [["--way", "in-flight", "--way", "old-cause"], { ways: ["in-flight", "old-cause"] }],
  [["--server", "mysql"], { servers: ["mysql"] }],
  [["--json"], { json: true }],
])("%j", (parameters, wanted) => {
  expect(parseSilenceArguments(parameters)).toMatchObject(wanted);
});

test.each([
  [["--tries", "0"], /--tries takes a whole number from 1 on, found 0/],
  [["--seed", "x"], /--seed takes a whole number from 0 on, found x/],
  [["--server", "postgres"], /--server takes mariadb or mysql, found postgres/],
  [["in-flight"], /in-flight/],
])("%j is refused", (parameters, message) => {
  expect(() => parseSilenceArguments(parameters)).toThrow(message);
});
