import { createRequire } from "node:module";
import { cpus, loadavg, totalmem } from "node:os";

/** What figures were taken on. */
export interface Machine {
  readonly hardware: string;
  /** The version of Node.js. */
  readonly node: string;
  /** The driver's name and version. */
  readonly driver: string;
  /** Of the last minute before the start. It says whether anything else ran beside. */
  readonly load: number;
}

export function machine(): Machine {
  const [load = 0] = loadavg();
  return {
    hardware: findHardware(),
    node: process.versions.node,
    driver: findDriver(),
    load: Math.round(load * 10) / 10,
  };
}

export function describeMachine({ hardware, node, driver }: Omit<Machine, "load">): string {
  return `${hardware}, Node.js ${node}, ${driver}`;
}

function findHardware(): string {
  const model = (cpus()[0]?.model ?? "unknown").replaceAll("(R)", "").replaceAll(/\s+/g, " ").trim();
  return `${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB of memory`;
}

function findDriver(): string {
  const { version } = createRequire(import.meta.url)("mysql2/package.json") as { version: string };
  return `mysql2 ${version}`;
}
