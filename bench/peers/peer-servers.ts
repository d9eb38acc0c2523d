import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "../../src/testing/servers/server-ready.ts";
import { accepts, type PeerServer, startPeerServer } from "./private-peer-server.ts";
import { besides, findProgram, type Program, runCommand } from "./programs.ts";

/** A server and where its clients find it. */
export interface RunningServer extends PeerServer {
  readonly version: string;
}

/** Redis with an append-only file that is on the disk before an answer. */
export async function startRedis(): Promise<RunningServer & { readonly socketPath: string }> {
  const { command, version } = await findProgram({ file: "redis-server", debianPackage: "redis-server" });
  const socketOf = (folder: string): string => join(folder, "redis.sock");
  const server = await startPeerServer({
    command: (folder) => {
      const settings = `--port 0 --unixsocket ${socketOf(folder)} --dir ${folder} --appendonly yes --appendfsync always`;
      return [...command, ...settings.split(" "), "--save", ""];
    },
    isReady: (folder) => accepts({ path: socketOf(folder) }),
  });
  return { ...server, version, socketPath: socketOf(server.folder) };
}

/** NATS with a JetStream of files, which it syncs before it answers if its version can. */
export async function startNats(): Promise<
  RunningServer & { readonly address: string; readonly syncsAlways: boolean }
> {
  const { command, version } = await findProgram({ file: "nats-server", debianPackage: "nats-server" });
  const port = await findFreePort();
  let syncsAlways = true;
  const server = await startPeerServer({
    command: async (folder) => {
      const file = join(folder, "nats.conf");
      await writeFile(file, natsConfiguration(folder, port, "sync_interval: always"));
      // Version 2.10 brought the setting; one before it takes the whole file for wrong.
      syncsAlways = await isValid(command, file);
      if (!syncsAlways) await writeFile(file, natsConfiguration(folder, port, ""));
      return [...command, "-c", file];
    },
    isReady: () => accepts({ host: "127.0.0.1", port }),
  });
  return { ...server, version, syncsAlways, address: `127.0.0.1:${port}` };
}

function natsConfiguration(folder: string, port: number, sync: string): string {
  return `host: 127.0.0.1\nport: ${port}\njetstream {\n  store_dir: "${folder}/streams"\n  ${sync}\n}\n`;
}

async function isValid(command: readonly string[], file: string): Promise<boolean> {
  return runCommand([...command, "-t", "-c", file]).then(
    () => true,
    () => false,
  );
}

/** PostgreSQL as it comes: a commit is on the disk before it is acknowledged. */
export async function startPostgres(): Promise<RunningServer & { readonly url: string }> {
  const program = await findProgram({
    file: "postgres",
    debianPackage: "postgresql",
    folder: "/usr/lib/postgresql/*/bin",
  });
  const server = await startPeerServer({
    command: (folder) => initialisedPostgres(program, folder),
    // It listens before it is ready, and writes here when it is.
    isReady: async (folder) => {
      const status = await readFile(join(folder, "postgres", "data", "postmaster.pid"), "utf8").catch(() => "");
      return /^ready\s*$/m.test(status);
    },
  });
  const socketFolder = encodeURIComponent(join(server.folder, "postgres"));
  return { ...server, version: program.version, url: `postgresql://postgres@localhost/postgres?host=${socketFolder}` };
}

async function initialisedPostgres(program: Program, folder: string): Promise<readonly string[]> {
  const own = join(folder, "postgres");
  const data = join(own, "data");
  await mkdir(own);
  const asUser = await asAnotherUser();
  if (asUser.length > 0) await runCommand(["chown", "nobody:nogroup", own]);
  const initialise = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
  await runCommand([...asUser, ...besides(program, "initdb"), "-D", data, ...initialise]);
  // In the data folder, where nothing stays when it is killed: not in the memory that all processes share.
  const settings = ["listen_addresses=", `unix_socket_directories=${own}`, "dynamic_shared_memory_type=mmap"];
  return [...asUser, ...program.command, "-D", data, ...settings.flatMap((setting) => ["-c", setting])];
}

/** What to put before PostgreSQL's programs: they refuse to run as root. */
async function asAnotherUser(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  // It leaves a little shared memory behind when it is killed, which ends with a namespace of its own.
  const alone = ["unshare", "--ipc"];
  const isAllowed = await runCommand([...alone, "true"]).then(
    () => true,
    () => false,
  );
  return [...(isAllowed ? alone : []), "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
}
