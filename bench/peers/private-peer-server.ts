import { chmod, mkdtemp, rm } from "node:fs/promises";
import { connect, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ServerGuard } from "../../src/testing/servers/server-guard.ts";

export interface PeerServerOptions {
  /** The program and its flags, for a folder that is there. */
  readonly command: (folder: string) => readonly string[] | Promise<readonly string[]>;
  readonly isReady: (folder: string) => Promise<boolean>;
}

/** A server of one's own, ready for connections. */
export interface PeerServer {
  readonly folder: string;
  /** Ends it as its administrator would, and removes its folder. */
  stop(): Promise<void>;
}

const readyTimeoutMs = 30_000;

/** Starts a server on a folder of its own. It ends, and its folder with it, when this process does, however that happens. */
export async function startPeerServer({ command, isReady }: PeerServerOptions): Promise<PeerServer> {
  // The path of a unix socket is short on every system.
  const folder = await mkdtemp(join(Buffer.byteLength(tmpdir()) > 60 ? "/tmp" : tmpdir(), "rsql-peer-"));
  // A server that runs as another user must be able to reach its own folder in it.
  await chmod(folder, 0o711);
  const guard = await startGuard(folder, command).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const stop = async (): Promise<void> => {
    // PostgreSQL waits for clients that are about to go, and takes its shared memory with it.
    if (guard.exitStatus === undefined) {
      process.kill(guard.pid, "SIGTERM");
      await Promise.race([guard.ended(), delay(5000, undefined, { ref: false })]);
    }
    await guard.stop();
  };
  try {
    await untilReady(guard, () => isReady(folder));
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder, stop };
}

/** What is set up on a server that has just started; it is stopped if that fails. */
export async function onServer<Result>(server: PeerServer, setUp: () => Promise<Result>): Promise<Result> {
  try {
    return await setUp();
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startGuard(folder: string, command: PeerServerOptions["command"]): Promise<ServerGuard> {
  const [program = "", ...flags] = await command(folder);
  return ServerGuard.start({ program, flags, folder });
}

async function untilReady(guard: ServerGuard, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  while (!(await isReady())) {
    if (guard.exitStatus === undefined && performance.now() < deadline) {
      await delay(20);
      continue;
    }
    const how = guard.exitStatus === undefined ? "was not ready in time" : `ended with status ${guard.exitStatus}`;
    throw new Error(`the server ${how}: ${(await guard.logTail(300)).split("\n").at(-1)}`);
  }
}

/** Whether something listens there. */
export function accepts(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const settle = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
