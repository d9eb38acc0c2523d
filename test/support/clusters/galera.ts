import { cp, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPool } from "mysql2/promise";
import { copyInitialisedData } from "../../../src/testing/servers/data-template.ts";
import { cacheFolder, type FoundServer, findServer } from "../../../src/testing/servers/find-server.ts";
import { serverFlags } from "../../../src/testing/servers/server-flags.ts";
import { ServerGuard } from "../../../src/testing/servers/server-guard.ts";
import { findFreePort, waitUntilReady } from "../../../src/testing/servers/server-ready.ts";
import { type Cluster, type ClusterNode, DATABASE, NodePools, untilAnswers } from "./cluster.ts";

const PROVIDERS = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"];
const CLUSTER_ID = "6f1c1b5e-0000-11ef-9c1b-5e6f1c1b5e00";
// As short as a busy machine allows: how long a node may be silent before the others go on without it.
const TIMEOUTS =
  "evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;evs.suspect_timeout=PT1.5S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S";

export interface GaleraNode extends ClusterNode {
  /** Cuts it off from the other nodes, not from its clients. */
  isolate(): Promise<void>;
  rejoin(): Promise<void>;
}

export interface Galera extends Cluster {
  readonly nodes: readonly GaleraNode[];
  grow(): Promise<GaleraNode>;
  /** Resolves once the node sees so many members. */
  untilSize(node: ClusterNode, size: number): Promise<void>;
}

/** Why no Galera cluster can be had here; undefined if one can. */
export async function galeraMissing(): Promise<string | undefined> {
  if ((await findServer("mariadb")) === undefined) return "no MariaDB";
  return (await provider()) === undefined ? "no Galera: apt-get install galera-4" : undefined;
}

/** Starts a cluster of so many nodes. All begin with the same data, so that none needs another's. */
export async function startGalera(size: number): Promise<Galera> {
  const server = await findServer("mariadb");
  if (server === undefined) throw new Error("no MariaDB on this machine");
  const seed = await seedData(server);
  const places = await Promise.all(Array.from({ length: size + 1 }, makePlace));
  const addresses = places.map(({ groupPort }) => `127.0.0.1:${groupPort}`).join(",");
  const nodes: GaleraNode[] = [];
  const ends: (() => Promise<void>)[] = [];
  const start = async (place: Place): Promise<GaleraNode> => {
    const { node, end } = await startNode({ server, place, seed, addresses });
    nodes.push(node);
    ends.push(end);
    return node;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(ends.map((end) => end()));
    await Promise.all(places.map(({ folder }) => rm(folder, { recursive: true, force: true })));
  };
  try {
    const [first, ...others] = places.slice(0, size) as [Place, ...Place[]];
    await writeFile(join(first.folder, "bootstrap"), "");
    await start(first);
    await Promise.all(others.map(start));
    await nodes[0]?.openPool({ database: "" }).query(`create database ${DATABASE}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    nodes,
    grow: () => start(places[size] as Place),
    untilSize: (node, wanted) =>
      untilAnswers(
        node.pool,
        "show global status like 'wsrep_cluster_size'",
        ([row]) => Number(row?.["Value"]) === wanted,
      ),
    [Symbol.asyncDispose]: dispose,
  };
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly groupPort: number;
  readonly transferPort: number;
}

async function makePlace(): Promise<Place> {
  const folder = await mkdtemp("/tmp/rsql-");
  const [port, groupPort, transferPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  return { folder, port, groupPort, transferPort };
}

interface NodePlan {
  readonly server: FoundServer;
  readonly place: Place;
  readonly seed: string;
  readonly addresses: string;
}

// Bootstraps the first time, where a file asks for it. Programs for state transfers are looked for in PATH.
const launch = `
PATH=$1:$PATH mark=$2/bootstrap
shift 2
if [ -f "$mark" ]; then rm "$mark"; exec "$@" --wsrep-new-cluster; fi
exec "$@"`;

async function startNode({
  server,
  place,
  seed,
  addresses,
}: NodePlan): Promise<{ node: GaleraNode; end: () => Promise<void> }> {
  const { folder } = place;
  const [dataFolder, socketPath] = [join(folder, "data"), join(folder, "s.sock")];
  await cp(seed, dataFolder, { recursive: true });
  const here = fileURLToPath(new URL(".", import.meta.url));
  const flags = serverFlags("mariadb", {
    dataFolder,
    socketPath,
    port: place.port,
    durable: false,
    extra: await galeraFlags(place, addresses),
  }).filter((flag) => flag !== "--skip-grant-tables");
  const guard = await ServerGuard.start({
    program: "sh",
    flags: ["-c", launch, "node", here, folder, server.path, ...flags],
    folder,
  });
  const pools = new NodePools(socketPath);
  const control = pools.open({ database: "", connectionLimit: 2 });
  const ready = async (): Promise<void> => {
    await waitUntilReady(guard, socketPath);
    await untilAnswers(control, "show global status like 'wsrep_ready'", ([row]) => row?.["Value"] === "ON");
  };
  await ready();
  const isolate = async (on: 0 | 1): Promise<void> => {
    await control.query(`set global wsrep_provider_options = 'gmcast.isolate=${on}'`);
  };
  const node: GaleraNode = {
    socketPath,
    get pid(): number {
      return guard.pid;
    },
    pool: pools.open(),
    openPool: (options) => pools.open(options),
    crash: () => guard.kill(),
    comeBack: async () => {
      await rm(dataFolder, { recursive: true, force: true });
      await cp(seed, dataFolder, { recursive: true });
      await guard.startAgain();
      await ready();
    },
    isolate: () => isolate(1),
    rejoin: async () => {
      await isolate(0);
      await ready();
    },
  };
  const end = async (): Promise<void> => {
    await pools.end();
    await guard.stop();
  };
  return { node, end };
}

async function galeraFlags({ groupPort, transferPort }: Place, addresses: string): Promise<string[]> {
  const options = [
    `gmcast.listen_addr=tcp://127.0.0.1:${groupPort}`,
    `ist.recv_addr=127.0.0.1:${transferPort}`,
    "gcache.size=32M",
    TIMEOUTS,
  ];
  return [
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
    "--wsrep-on=1",
    `--wsrep-provider=${await provider()}`,
    "--wsrep-cluster-name=test",
    `--wsrep-cluster-address=gcomm://${addresses}`,
    "--wsrep-node-address=127.0.0.1",
    "--wsrep-sst-method=ist",
    `--wsrep-provider-options=${options.join(";")}`,
  ];
}

/** A data folder that has been a cluster's, from which a node can join it. Made once a version. */
async function seedData(server: FoundServer): Promise<string> {
  const seed = join(cacheFolder(), "templates", `galera-${server.version.replace(/[^\w.+-]/g, "_")}`);
  if ((await stat(seed).catch(() => undefined)) !== undefined) return seed;
  const place = await makePlace();
  const [data, socketPath] = [join(place.folder, "data"), join(place.folder, "s.sock")];
  await copyInitialisedData(server, data);
  await writeFile(
    join(data, "grastate.dat"),
    `# GALERA saved state\nversion: 2.1\nuuid: ${CLUSTER_ID}\nseqno: 0\nsafe_to_bootstrap: 1\n`,
  );
  const extra = [...(await galeraFlags(place, "")), "--wsrep-new-cluster"];
  const flags = serverFlags("mariadb", { dataFolder: data, socketPath, port: place.port, durable: true, extra });
  const guard = await ServerGuard.start({ program: server.path, flags, folder: place.folder });
  try {
    await waitUntilReady(guard, socketPath);
    const pool = createPool({ socketPath, user: "root", connectionLimit: 1 });
    await untilAnswers(pool, "show global status like 'wsrep_ready'", ([row]) => row?.["Value"] === "ON");
    await pool.query("shutdown");
    await pool.end();
    await guard.ended();
    await rm(join(data, "galera.cache"), { force: true });
    await mkdir(join(cacheFolder(), "templates"), { recursive: true });
    const part = `${seed}.part-${process.pid}`;
    await cp(data, part, { recursive: true });
    await rename(part, seed).catch(() => rm(part, { recursive: true }));
  } finally {
    await guard.stop();
  }
  return seed;
}

async function provider(): Promise<string | undefined> {
  for (const path of PROVIDERS) if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  return undefined;
}
