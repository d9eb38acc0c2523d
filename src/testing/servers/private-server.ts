import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyInitialisedData } from "./data-template.ts";
import {
  type FoundServer,
  findServer,
  howToInstall,
  identifyServer,
  type ServerVendor,
  vendorNames,
} from "./find-server.ts";
import { serverFlags } from "./server-flags.ts";
import { ServerGuard } from "./server-guard.ts";
import { findFreePort, waitUntilReady } from "./server-ready.ts";

export interface PrivateServerOptions {
  /** @defaultValue whichever is found, MariaDB first */
  readonly vendor?: ServerVendor | undefined;
  /** The path of the server program. @defaultValue found in the usual places */
  readonly program?: string | undefined;
  /** More flags for the server. They win over those that are given anyway. @defaultValue none */
  readonly flags?: readonly string[] | undefined;
  /**
   * Whether the server is like one in production: a commit survives `crash()`, there is a binary
   * log, users and privileges count. Starts slower. @defaultValue false
   */
  readonly durable?: boolean | undefined;
  /** Whether it listens on a TCP port of 127.0.0.1 too. @defaultValue false */
  readonly port?: boolean | undefined;
}

export interface PrivateServer extends AsyncDisposable {
  /** For mysql2: user `root`, no password, no database, through the unix socket. */
  readonly url: string;
  readonly socketPath: string;
  readonly port: number | undefined;
  readonly dataFolder: string;
  readonly vendor: ServerVendor;
  readonly version: string;
  /** The process id of the server. Another one after a restart. */
  readonly pid: number;
  /** Kills the server as a power cut of its process would; its data stay. */
  crash(): Promise<void>;
  /** Kills the server if it runs, and starts it on the same data, socket and port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a database server of one's own on a folder of its own, ready for connections. It ends with {@link
 * PrivateServer.stop}, and also when this process ends, however that happens; nothing of it stays on the machine.
 */
export async function startPrivateServer(options: PrivateServerOptions = {}): Promise<PrivateServer> {
  const { durable = false, flags = [] } = options;
  const server = await requireServer(options);
  const port = options.port ? await findFreePort() : undefined;
  const folder = await createFolder();
  const [dataFolder, socketPath] = [join(folder, "data"), join(folder, "s.sock")];
  try {
    if (server.vendor === "mysql" || durable) await copyInitialisedData(server, dataFolder);
    else await mkdir(dataFolder, { mode: 0o700 });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const allFlags = serverFlags(server.vendor, { dataFolder, socketPath, port, durable, extra: flags });
  const guard = await ServerGuard.start({ program: server.path, flags: allFlags, folder });
  await readyOrStop(guard, socketPath);
  return toPrivateServer(guard, { ...server, dataFolder, socketPath, port });
}

type ServerFacts = Pick<PrivateServer, "vendor" | "version" | "dataFolder" | "socketPath" | "port">;

function toPrivateServer(guard: ServerGuard, facts: ServerFacts): PrivateServer {
  const { vendor, version, dataFolder, socketPath, port } = facts;
  const crash = async (): Promise<void> => {
    if (guard.exitStatus === undefined) await guard.kill();
  };
  return {
    vendor,
    version,
    dataFolder,
    socketPath,
    port,
    crash,
    url: `mysql://root@localhost/?socketPath=${encodeURIComponent(socketPath)}`,
    get pid(): number {
      return guard.pid;
    },
    restart: async () => {
      await crash();
      await guard.startAgain();
      await readyOrStop(guard, socketPath);
    },
    stop: () => guard.stop(),
    [Symbol.asyncDispose]: () => guard.stop(),
  };
}

async function requireServer({ program, vendor }: PrivateServerOptions): Promise<FoundServer> {
  const server = await (program === undefined ? findServer(vendor) : identifyServer(program));
  if (server && (vendor === undefined || server.vendor === vendor)) return server;
  const name = vendor === undefined ? "MariaDB or MySQL" : vendorNames[vendor];
  const where = program === undefined ? "on this machine" : `at ${program}`;
  throw new Error(`no ${name} server that runs was found ${where}. ${howToInstall(vendor)}`);
}

// The path of a unix socket has at most 107 bytes on Linux and 103 on macOS, whose temporary folders are deep.
async function createFolder(): Promise<string> {
  const parent = Buffer.byteLength(tmpdir()) > 80 ? "/tmp" : tmpdir();
  const folder = await mkdtemp(join(parent, "rsql-"));
  await chmod(folder, 0o700);
  return folder;
}

async function readyOrStop(guard: ServerGuard, socketPath: string): Promise<void> {
  try {
    await waitUntilReady(guard, socketPath);
  } catch (error) {
    await guard.stop();
    throw error;
  }
}
