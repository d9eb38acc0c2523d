import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Who makes the server program. */
export type ServerVendor = "mariadb" | "mysql";

/** A server program that runs on this machine. */
export interface FoundServer {
  readonly vendor: ServerVendor;
  /** The path of the program. */
  readonly path: string;
  /** The version that the program tells, for example "10.11.14-MariaDB" or "9.6.0". */
  readonly version: string;
}

export const vendorNames: Readonly<Record<ServerVendor, string>> = { mariadb: "MariaDB", mysql: "MySQL" };

const programVariables: Readonly<Record<ServerVendor, string>> = { mariadb: "RSQL_MARIADBD", mysql: "RSQL_MYSQLD" };
const programNames: Readonly<Record<ServerVendor, readonly string[]>> = {
  mariadb: ["mariadbd", "mysqld"],
  mysql: ["mysqld"],
};
const systemFolders = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/libexec",
  "/opt/homebrew/bin",
  "/opt/homebrew/opt/mariadb/bin",
  "/opt/homebrew/opt/mysql/bin",
  "/usr/local/bin",
  "/usr/local/opt/mariadb/bin",
  "/usr/local/opt/mysql/bin",
  "/home/linuxbrew/.linuxbrew/bin",
];

/**
 * Finds a server program: the one that `RSQL_MARIADBD` or `RSQL_MYSQLD` names, else one in the folders where systems
 * put them. Without `vendor`, MariaDB is preferred. A program that does not run counts as absent.
 */
export async function findServer(vendor?: ServerVendor): Promise<FoundServer | undefined> {
  if (vendor === undefined) return (await findServer("mariadb")) ?? (await findServer("mysql"));
  for (const path of candidates(vendor)) {
    const found = await identifyServer(path);
    if (found?.vendor === vendor) return found;
  }
  return undefined;
}

/** Asks a program what server it is. Debian's `mysqld` is MariaDB, so that only its own answer counts. */
export async function identifyServer(path: string): Promise<FoundServer | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile() || file.size === 0) return undefined;
  const version = / Ver (\S+)/.exec(await versionOutput(path))?.[1];
  if (version === undefined) return undefined;
  return { vendor: /mariadb/i.test(version) ? "mariadb" : "mysql", path, version };
}

/** What to do when {@link findServer} finds none. */
export function howToInstall(vendor?: ServerVendor): string {
  const mariadb =
    "MariaDB: on Debian or Ubuntu `apt-get install --no-install-recommends mariadb-server-core mariadb-client-core`, " +
    "on macOS `brew install mariadb`, or set RSQL_MARIADBD to the path of mariadbd.";
  const mysql =
    "MySQL 8.0 or later: on Ubuntu `apt-get install --no-install-recommends mysql-server-core-8.0`, " +
    "on macOS `brew install mysql`, or set RSQL_MYSQLD to the path of mysqld.";
  if (vendor === undefined) return `${mariadb} ${mysql}`;
  return vendor === "mariadb" ? mariadb : mysql;
}

/** Where this library keeps what is costly to make again: unpacked servers, initialised data folders. */
export function cacheFolder(): string {
  // An empty variable counts as unset, by the standard for these folders.
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "reflex-rsql");
}

function candidates(vendor: ServerVendor): readonly string[] {
  const named = process.env[programVariables[vendor]];
  if (named) return [named];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...systemFolders];
  const paths = programNames[vendor].flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...new Set(vendor === "mysql" ? [...paths, join(cacheFolder(), "mysql", "mysqld")] : paths)];
}

async function versionOutput(path: string): Promise<string> {
  try {
    // --no-defaults: an unreadable or broken configuration file of the machine must not hide the program.
    const { stdout } = await promisify(execFile)(path, ["--no-defaults", "--version"], { timeout: 10_000 });
    return stdout;
  } catch {
    return "";
  }
}
