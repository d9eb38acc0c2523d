import { expect, test } from "vitest";
import { parseFaultArguments } from "./arguments.ts";

test("without options it is one round of all scenarios on both servers, by a seed that is drawn", () => {
  const { seed, ...rest } = parseFaultArguments([]);
  expect(seed).toBeGreaterThanOrEqual(0);
  expect(rest).toEqual({ help: false, json: false, minutes: 0, scenarios: [], servers: ["mariadb", "mysql"] });
});

test.each([
  [["--long"], { minutes: 30 }],
  [["--minutes", "5"], { minutes: 5 }],
  [["--long", "--minutes", "5"], { minutes: 5 }],
  [["--seed", "42"], { seed: 42 }],
  [["--scenario", "kill-server", "--scenario", "lost-packets"], { scenarios: ["kill-server", "lost-packets"] }],
  [["--server", "mysql"], { servers: ["mysql"] }],
  [["--json"], { json: true }],
])("%j", (parameters, wanted) => {
  expect(parseFaultArguments(parameters)).toMatchObject(wanted);
});

// Catches an option that is misspelt and silently ignored: a seed that was meant to be played again.
test.each([
  [["--seed", "x"], /--seed takes a whole number, found x/],
  [["--seed=-1"], /--seed takes a whole number, found -1/],
  [["--server", "postgres"], /--server takes mariadb or mysql, found postgres/],
  [["--rounds", "2"], /--rounds/],
  [["kill-server"], /kill-server/],
])("%j is refused", (parameters, message) => {
  expect(() => parseFaultArguments(parameters)).toThrow(message);
});
