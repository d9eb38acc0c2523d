import { expect, test } from "vitest";
import { checkDatabaseUrl, parseDemoArguments, UsageError } from "./arguments.ts";

test("without arguments it runs for 12 s on a database that it finds, at a pace that it measures", () => {
  expect(parseDemoArguments([])).toEqual({
    help: false,
    database: undefined,
    engine: undefined,
    seconds: 12,
    ordersPerSecond: undefined,
    skipEvent: false,
  });
});

test("takes every flag", () => {
  const url = "mysql://user:password@localhost:3307/shop";
  expect(
    parseDemoArguments(["--database", url, "--seconds", "3", "--orders-per-second=50", "--break", "skip"]),
  ).toEqual({
    help: false,
    database: url,
    engine: undefined,
    seconds: 3,
    ordersPerSecond: 50,
    skipEvent: true,
  });
  expect(parseDemoArguments(["--engine", "sqlite"]).engine).toBe("sqlite");
  expect(parseDemoArguments(["-h"]).help).toBe(true);
});

test.each([
  [["--fast"], "Unknown option --fast"],
  [["now"], "Every argument belongs to an option; a URL goes after --database"],
  [["--seconds"], "Option '--seconds <value>' argument missing"],
  [["--seconds", "1"], "--seconds must be a whole number from 2 to 120"],
  [["--seconds", "5.5"], "--seconds must be a whole number from 2 to 120"],
  [["--orders-per-second", "many"], "--orders-per-second must be a whole number from 20 to 1000"],
  [["--engine", "postgres"], "--engine must be private or sqlite"],
  [["--break", "all"], "--break must be skip"],
  [["--database", "localhost"], "--database must be a URL such as mysql://user:password@localhost/shop"],
  [["--database", "mysql://localhost"], "--database must name a database, as in mysql://user:password@localhost/shop"],
  [
    ["--database", "mysql://h/d", "--engine", "sqlite"],
    "--database names your own server, --engine one of the demo's own: give one of the two",
  ],
])("refuses %j", (args, message) => {
  expect(() => parseDemoArguments(args)).toThrow(new UsageError(message));
});

// Catches a message with a password in it: a URL that stands where no URL belongs.
test.each([
  [],
  ["now"],
  ["--engine"],
  ["--break"],
  ["--seconds"],
  ["--orders-per-second"],
  ["--nonsense"],
  ["--help="],
  ["--database", "mysql://h/d", "--database=x", "--engine"],
])("no argument is shown that may be a URL: after %j", (...before) => {
  const url = "mysql://shop:secret@host";
  for (const given of [url, `--${url}`, `-${url}`, `--x=${url}`]) {
    const error = failureOf(() => parseDemoArguments([...before, given]));
    expect(String(error)).toMatch(/^Error: /);
    expect(String(error)).not.toMatch(/secret|shop:/);
  }
});

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("a refused URL does not show its password", () => {
  const refused = [
    "secret://host/shop",
    "postgres://shop:secret@host/shop",
    "shop:secret@host/shop",
    "mysql://shop:secret@host",
  ];
  for (const url of refused) {
    expect(() => checkDatabaseUrl("DATABASE_URL", url)).toThrow(/^(?!.*secret)DATABASE_URL must /);
  }
});
