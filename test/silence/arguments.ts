import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { ServerVendor } from "../../src/testing/servers/find-server.ts";

export interface SilenceArguments {
  readonly help: boolean;
  /** How often each way is tried on each server. */
  readonly tries: number;
  readonly seed: number;
  /** The names of the ways to try; empty for all. */
  readonly ways: readonly string[];
  readonly servers: readonly ServerVendor[];
  /** Whether the results go to the standard output as JSON, and the lines to the standard error. */
  readonly json: boolean;
}

export const silenceHelp: string = `npm run test:silence -- [options]

  --tries N      how often each way is tried on each server (16)
  --way NAME     that one only; may be given more than once
  --server NAME  mariadb or mysql only
  --seed N       random numbers by this seed
  --json         the results as JSON
  --help`;

const vendors: readonly ServerVendor[] = ["mariadb", "mysql"];

/** @throws RangeError that names what is wrong */
export function parseSilenceArguments(parameters: readonly string[]): SilenceArguments {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      tries: { type: "string", default: "16" },
      way: { type: "string", multiple: true, default: [] },
      server: { type: "string", multiple: true, default: [...vendors] },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = values.server.find((name) => !vendors.some((vendor) => vendor === name));
  if (unknown !== undefined) throw new RangeError(`--server takes ${vendors.join(" or ")}, found ${unknown}`);
  return {
    help: values.help,
    json: values.json,
    ways: values.way,
    servers: vendors.filter((vendor) => values.server.includes(vendor)),
    tries: aNumber("--tries", values.tries, 1),
    seed: values.seed === undefined ? randomInt(1_000_000) : aNumber("--seed", values.seed, 0),
  };
}

function aNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) {
    throw new RangeError(`${option} takes a whole number from ${least} on, found ${text}`);
  }
  return number;
}
