import { dirname, join } from "node:path";
import type { ServerVendor } from "./find-server.ts";

export interface ServerFlagOptions {
  readonly dataFolder: string;
  readonly socketPath: string;
  /** Listens on 127.0.0.1 too. */
  readonly port: number | undefined;
  /** Whether a commit is on the disk before it is acknowledged. Needs an initialised data folder on MariaDB. */
  readonly durable: boolean;
  /** The user's own, which come last and so win. */
  readonly extra: readonly string[];
}

/** Flags for a small server that starts fast. */
export function serverFlags(vendor: ServerVendor, options: ServerFlagOptions): string[] {
  const { dataFolder, socketPath, port, durable, extra } = options;
  return [
    "--no-defaults",
    ...dataFolderFlags(dataFolder),
    `--socket=${socketPath}`,
    // A server that starts deletes the temporary tables of all others in its folder, and MariaDB crashes without them; those
    // of one that was killed would stay there.
    `--tmpdir=${dirname(dataFolder)}`,
    `--pid-file=${join(dataFolder, "server.pid")}`,
    ...(port === undefined ? ["--skip-networking"] : [`--port=${port}`, "--bind-address=127.0.0.1"]),
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=32M",
    "--innodb-use-native-aio=0",
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 2}`,
    ...binaryLogFlags(durable, extra),
    // Without waiting for the disk at all: commits survive a crash of the server, not one of the machine.
    ...(durable ? [] : ["--skip-innodb-doublewrite", "--innodb-flush-method=nosync"]),
    ...(vendor === "mariadb" ? mariadbFlags(durable) : mysqlFlags()),
    ...extra,
  ];
}

/** Where the data lies. A server refuses to run as root unless told that it is meant. */
export function dataFolderFlags(dataFolder: string): string[] {
  return [`--datadir=${dataFolder}`, ...(process.getuid?.() === 0 ? ["--user=root"] : [])];
}

// Without grant tables a MariaDB needs no initialisation at all: it is ready in a tenth of a second.
function mariadbFlags(durable: boolean): string[] {
  return ["--innodb-log-file-size=8M", ...(durable ? [] : ["--skip-grant-tables"])];
}

function mysqlFlags(): string[] {
  return ["--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=8M"];
}

function binaryLogFlags(durable: boolean, extra: readonly string[]): string[] {
  if (durable) return ["--log-bin=binlog", "--server-id=1", "--sync-binlog=1"];
  return extra.some((flag) => /^--log[-_]bin/.test(flag)) ? [] : ["--skip-log-bin"];
}
