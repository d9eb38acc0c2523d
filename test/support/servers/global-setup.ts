import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { findServer, howToInstall, type ServerVendor, vendorNames } from "../../../src/testing/servers/find-server.ts";
import { type PrivateServer, startPrivateServer } from "../../../src/testing/servers/private-server.ts";

/** A server that runs for the whole test run, or why there is none and what to install. */
export type ProvidedServer =
  | { readonly url: string; readonly socketPath: string; readonly pid: number; readonly version: string }
  | { readonly missing: string };

export type ProvidedServers = Readonly<Record<ServerVendor, ProvidedServer>>;

declare module "vitest" {
  interface ProvidedContext {
    /** The servers of each worker, in the order of the workers' numbers. */
    servers: readonly ProvidedServers[];
  }
}

const vendors: readonly ServerVendor[] = ["mariadb", "mysql"];
/** The servers that tests may run on: all, unless RSQL_SERVERS names one. */
const wanted: readonly string[] = process.env["RSQL_SERVERS"]?.split(",") ?? vendors;

/** Starts one server a vendor for each worker, installing what is missing where the machine allows it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const unknown = wanted.find((name) => !vendors.some((vendor) => vendor === name));
  if (unknown !== undefined) throw new Error(`RSQL_SERVERS names ${unknown}, which is none of ${vendors.join(", ")}`);
  const absent = await findAbsent();
  const installing = absent.length > 0 ? await install(absent) : "";
  const running: PrivateServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
  };
  const start = async (vendor: ServerVendor): Promise<ProvidedServer> => {
    if (!wanted.includes(vendor)) return { missing: `RSQL_SERVERS is ${wanted.join(",")}` };
    if (!(await findServer(vendor))) return missing(vendor, installing);
    const server = await startPrivateServer({ vendor });
    running.push(server);
    const { url, socketPath, pid, version } = server;
    return { url, socketPath, pid, version };
  };
  try {
    project.provide("servers", await startForWorkers(project.config.maxWorkers, start));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Rejects once all have started or failed, so that those that run can be stopped. */
async function startForWorkers(
  workers: number,
  start: (vendor: ServerVendor) => Promise<ProvidedServer>,
): Promise<ProvidedServers[]> {
  const started = Array.from({ length: workers }, () => ({ mariadb: start("mariadb"), mysql: start("mysql") }));
  await Promise.allSettled(started.flatMap(({ mariadb, mysql }) => [mariadb, mysql]));
  return Promise.all(started.map(async ({ mariadb, mysql }) => ({ mariadb: await mariadb, mysql: await mysql })));
}

async function findAbsent(): Promise<ServerVendor[]> {
  const needed = vendors.filter((vendor) => wanted.includes(vendor));
  const found = await Promise.all(needed.map((vendor) => findServer(vendor)));
  return needed.filter((_, index) => found[index] === undefined);
}

function missing(vendor: ServerVendor, installing: string): ProvidedServer {
  const reason = `no ${vendorNames[vendor]} server on this machine. ${howToInstall(vendor)}`;
  // A CI that silently tests less than it says is worse than a red one.
  if (process.env["CI"]) throw new Error(`${reason}\n${installing}`.trim());
  return { missing: reason };
}

function install(absent: readonly ServerVendor[]): Promise<string> {
  const names = absent.map((vendor) => vendorNames[vendor]).join(" and ");
  console.log(`No ${names} server here: running tools/install-servers`);
  const program = fileURLToPath(new URL("../../../tools/install-servers", import.meta.url));
  return new Promise((resolve) => {
    execFile(program, { timeout: 300_000 }, (_error, output, errors) => {
      process.stdout.write(output + errors);
      resolve(errors);
    });
  });
}
