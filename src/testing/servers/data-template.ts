import { constants, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder, type FoundServer } from "./find-server.ts";
import { dataFolderFlags } from "./server-flags.ts";
import { ServerGuard } from "./server-guard.ts";

/**
 * Makes `dataFolder` an initialised one, with system tables and a `root` without a password. Initialising takes
 * seconds, so it is done once a version, in the cache folder, and copied from there.
 */
export async function copyInitialisedData(server: FoundServer, dataFolder: string): Promise<void> {
  const template = join(cacheFolder(), "templates", `${server.vendor}-${server.version.replace(/[^\w.+-]/g, "_")}`);
  if (!(await exists(template))) await createTemplate(server, template);
  await cp(template, dataFolder, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

// The template is made in a folder of its own and renamed at the end: two processes may make the same one at the same time.
async function createTemplate(server: FoundServer, template: string): Promise<void> {
  await mkdir(dirname(template), { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(dirname(template), "part-"));
  const data = join(folder, "data");
  const guard = await ServerGuard.start({ folder, ...(await initialiser(server, data)) });
  try {
    if ((await guard.ended()) !== 0) {
      throw new Error(`${server.path} could not initialise a data folder in ${folder}:\n${await guard.logTail()}`);
    }
    // The server's identity: each copy makes its own, as two servers that replicate must differ.
    await rm(join(data, "auto.cnf"), { force: true });
    await rename(data, template).catch(async (error: unknown) => {
      if (!(await exists(template))) throw error;
    });
  } finally {
    await guard.stop();
  }
}

async function initialiser(server: FoundServer, data: string): Promise<{ program: string; flags: string[] }> {
  if (server.vendor === "mysql") {
    const flags = ["--no-defaults", "--initialize-insecure", ...dataFolderFlags(data), "--innodb-redo-log-capacity=8M"];
    return { program: server.path, flags };
  }
  const flags = [
    "--no-defaults",
    ...dataFolderFlags(data),
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--skip-name-resolve",
  ];
  return { program: await findInstaller(server.path), flags };
}

async function findInstaller(serverPath: string): Promise<string> {
  const folders = [dirname(serverPath), join(dirname(serverPath), "..", "bin"), "/usr/bin", "/usr/local/bin"];
  const names = ["mariadb-install-db", "mysql_install_db"];
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (await exists(path)) return path;
  }
  throw new Error(`no mariadb-install-db was found for ${serverPath}: it comes with the package of the server`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
