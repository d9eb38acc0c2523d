import { execFile, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { isRunning } from "../processes/is-running.ts";

/** The way of a packet. */
export type Direction = "to the server" | "to the client";

/** A network of its own, in which packets to and from this machine can be lost. Linux only, for root. */
export interface LossyNetwork extends AsyncDisposable {
  /** The address at which this machine is reached from within. A server has to listen on it. */
  readonly serverAddress: string;
  /** The words that start a program within: `ip netns exec NAME`. */
  readonly launcher: readonly [string, ...string[]];
  /** Loses all packets of this direction, without a word to either side, until the function is called that it resolves with. */
  lose(direction: Direction): Promise<() => Promise<void>>;
}

const PREFIX = "rsql-faults-";
const FOLDER = "/run/netns";
const run = promisify(execFile);

/** Why a {@link LossyNetwork} can't be made here; undefined if it can. */
export async function lossyNetworkMissing(): Promise<string | undefined> {
  try {
    await (await makeLossyNetwork())[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return code === "ENOENT" ? "no program ip (iproute2)" : "no right to make a network namespace";
  }
}

/**
 * Makes a network of this machine, a router and a client, each in a namespace of its own: what a router that has a black hole
 * for a route is sent is lost in silence, while the sender's own would be told.
 */
export async function makeLossyNetwork(): Promise<LossyNetwork> {
  await removeLeftOver();
  const name = `${PREFIX}${process.pid}-${randomInt(1_000_000)}`;
  const [router, client] = [`${name}-router`, `${name}-client`];
  const removeNow = (): void => {
    for (const namespace of [client, router]) spawnSync("ip", ["netns", "del", namespace]);
  };
  // A namespace outlives the process that made it.
  process.once("exit", removeNow);
  const dispose = async (): Promise<void> => {
    process.off("exit", removeNow);
    removeNow();
  };
  // A range that is set apart for tests of networks.
  const net = `198.18.${randomInt(256)}`;
  const base = 8 * randomInt(32);
  const [server, inside, outside, far] = [1, 2, 5, 6].map((number) => `${net}.${base + number}`);
  const links = [0, 1, 2, 3].map((number) => `rf${number}-${randomInt(2 ** 32).toString(36)}`);
  try {
    await ip(`netns add ${router}`);
    await ip(`netns add ${client}`);
    await ip(`link add ${links[0]} type veth peer name ${links[1]} netns ${router}`);
    await ip(`-n ${router} link add ${links[2]} type veth peer name ${links[3]} netns ${client}`);
    await ip(`addr add ${server}/30 dev ${links[0]}`);
    await ip(`-n ${router} addr add ${inside}/30 dev ${links[1]}`);
    await ip(`-n ${router} addr add ${outside}/30 dev ${links[2]}`);
    await ip(`-n ${client} addr add ${far}/30 dev ${links[3]}`);
    await ip(`link set ${links[0]} up`);
    for (const link of [links[1], links[2]]) await ip(`-n ${router} link set ${link} up`);
    await ip(`-n ${client} link set ${links[3]} up`);
    await ip(`route add ${far}/32 via ${inside}`);
    await ip(`-n ${client} route add default via ${outside}`);
    await ip(`netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    serverAddress: server ?? "",
    launcher: ["ip", "netns", "exec", client],
    lose: async (direction) => {
      const route = `blackhole ${direction === "to the server" ? server : far}/32`;
      await ip(`-n ${router} route add ${route}`);
      return () => ip(`-n ${router} route del ${route}`);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function ip(words: string): Promise<void> {
  await run("ip", words.split(" "));
}

/** Those of processes that were killed. */
async function removeLeftOver(): Promise<void> {
  for (const name of await readdir(FOLDER).catch(() => [])) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : undefined;
    if (owner !== undefined && !isRunning(owner)) await ip(`netns del ${name}`).catch(() => undefined);
  }
}
