import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";

/** A table on a server. */
export interface DumpedTable {
  readonly socketPath: string;
  readonly database: string;
  readonly table: string;
}

const finder = fileURLToPath(new URL("../../../tools/fetch-dump-program", import.meta.url));
const run = promisify(execFile);
const programs = new Map<ServerVendor, Promise<string>>();

/** The path of the server's own program for dumps, which is unpacked where it is missing. @throws Error that says what to install */
export function findDumpProgram(vendor: ServerVendor): Promise<string> {
  const known = programs.get(vendor);
  if (known !== undefined) return known;
  const found = run(finder, [vendor], { timeout: 120_000 }).then(
    ({ stdout }) => stdout.trim(),
    (error: Error & { stderr?: string }) => {
      throw new Error(error.stderr?.trim() || error.message);
    },
  );
  programs.set(vendor, found);
  return found;
}

/** The table as SQL that drops it and makes it again, by the server's own program. */
export async function dumpTable(vendor: ServerVendor, { socketPath, database, table }: DumpedTable): Promise<string> {
  const program = await findDumpProgram(vendor);
  // What the dump says of the server's numbered commits would be refused by the server that it came from.
  const own = vendor === "mysql" ? ["--set-gtid-purged=OFF"] : [];
  const flags = ["--no-defaults", `--socket=${socketPath}`, "--user=root", "--single-transaction", ...own];
  const { stdout } = await run(program, [...flags, database, table], { maxBuffer: 2 ** 28 });
  return stdout;
}

/** Runs a dump. */
export async function restoreDump({ socketPath, database }: Omit<DumpedTable, "table">, dump: string): Promise<void> {
  const connection = await createConnection({ socketPath, database, user: "root", multipleStatements: true });
  try {
    await connection.query(dump);
  } finally {
    await connection.end();
  }
}
