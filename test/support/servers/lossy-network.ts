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

// Of the package iproute2.
const PROGRAM = "ip";
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
  const plan = { router: `${name}-router`, client: `${name}-client`, ...drawAddresses() };
  const remove = (): void => {
    for (const namespace of [plan.client, plan.router]) spawnSync(PROGRAM, ["netns", "del", namespace]);
  };
  // A namespace outlives the process that made it.
  process.once("exit", remove);
  const dispose = async (): Promise<void> => {
    process.off("exit", remove);
    remove();
  };
  try {
    for (const words of commandsOf(plan)) await ip(words);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    serverAddress: plan.server,
    launcher: [PROGRAM, "netns", "exec", plan.client],
    lose: async (direction) => {
      const route = `blackhole ${direction === "to the server" ? plan.server : plan.far}/32`;
      await ip(`-n ${plan.router} route add ${route}`);
      return () => ip(`-n ${plan.router} route del ${route}`);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface Addresses {
  /** This machine's. */
  readonly server: string;
  /** The router's on the side of this machine. */
  readonly near: string;
  /** The router's on the side of the client. */
  readonly beyond: string;
  /** The client's. */
  readonly far: string;
}

/** Two networks of four addresses each, of the range that is set apart for tests of networks. */
function drawAddresses(): Addresses {
  const net = `198.18.${randomInt(256)}`;
  const base = 8 * randomInt(32);
  return {
    server: `${net}.${base + 1}`,
    near: `${net}.${base + 2}`,
    beyond: `${net}.${base + 5}`,
    far: `${net}.${base + 6}`,
  };
}

interface Plan extends Addresses {
  readonly router: string;
  readonly client: string;
}

/** What `ip` is told to make it. */
function commandsOf({ router, client, server, near, beyond, far }: Plan): string[] {
  const link = (): string => `rf-${randomInt(2 ** 32).toString(36)}`;
  const [toRouter, fromServer, toClient, fromRouter] = [link(), link(), link(), link()];
  return [
    `netns add ${router}`,
    `netns add ${client}`,
    `link add ${toRouter} type veth peer name ${fromServer} netns ${router}`,
    `-n ${router} link add ${toClient} type veth peer name ${fromRouter} netns ${client}`,
    `addr add ${server}/30 dev ${toRouter}`,
    `-n ${router} addr add ${near}/30 dev ${fromServer}`,
    `-n ${router} addr add ${beyond}/30 dev ${toClient}`,
    `-n ${client} addr add ${far}/30 dev ${fromRouter}`,
    `link set ${toRouter} up`,
    `-n ${router} link set ${fromServer} up`,
    `-n ${router} link set ${toClient} up`,
    `-n ${client} link set ${fromRouter} up`,
    `route add ${far}/32 via ${near}`,
    `-n ${client} route add default via ${beyond}`,
    `netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1`,
  ];
}

async function ip(words: string): Promise<void> {
  await run(PROGRAM, words.split(" "));
}

/** Those of processes that were killed. */
async function removeLeftOver(): Promise<void> {
  for (const name of await readdir(FOLDER).catch(() => [])) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : undefined;
    if (owner !== undefined && !isRunning(owner)) await ip(`netns del ${name}`).catch(() => undefined);
  }
}
