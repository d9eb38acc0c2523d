import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { ServerVendor } from "../../src/testing/servers/find-server.ts";

export interface FaultArguments {
  readonly help: boolean;
  /** Of the first round; each later one has the next. */
  readonly seed: number;
  /** How long to go on with new rounds, in minutes; 0 for one round in the short form. */
  readonly minutes: number;
  /** The names of the scenarios to play; empty for all. */
  readonly scenarios: readonly string[];
  readonly servers: readonly ServerVendor[];
  /** Whether the results go to the standard output as JSON, and the lines to the standard error. */
  readonly json: boolean;
}

export const faultHelp: string = `npm run test:faults -- [options]

  --long             the long form: new rounds for 30 minutes, with more and longer faults in each
  --minutes N        the long form, for N minutes
  --scenario NAME    that one only; may be given more than once
  --server NAME      mariadb or mysql only
  --seed N           random numbers by this seed; a round's seed is printed with its results
  --json             the results as JSON
  --help`;

const LONG_MINUTES = 30;
const vendors: readonly ServerVendor[] = ["mariadb", "mysql"];

/** @throws RangeError that names what is wrong */
export function parseFaultArguments(parameters: readonly string[]): FaultArguments {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      long: { type: "boolean", default: false },
      minutes: { type: "string" },
      scenario: { type: "string", multiple: true, default: [] },
      server: { type: "string", multiple: true, default: [...vendors] },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const servers = vendors.filter((vendor) => values.server.includes(vendor));
  const unknown = values.server.find((name) => !vendors.some((vendor) => vendor === name));
  if (unknown !== undefined) throw new RangeError(`--server takes ${vendors.join(" or ")}, found ${unknown}`);
  return {
    servers,
    help: values.help,
    json: values.json,
    scenarios: values.scenario,
    seed: values.seed === undefined ? randomInt(1_000_000) : aNumber("--seed", values.seed),
    minutes: values.minutes === undefined ? (values.long ? LONG_MINUTES : 0) : aNumber("--minutes", values.minutes),
  };
}

function aNumber(option: string, text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new RangeError(`${option} takes a whole number, found ${text}`);
  }
  return number;
}
