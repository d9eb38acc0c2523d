import { dirname, join } from "node:path";
import { type DatabaseHandle, toDatabase } from "reflex-rsql";
import { startMariadb, type TestServer } from "reflex-rsql/testing";
import { checkDatabaseUrl, type DemoArguments, UsageError } from "./arguments.ts";
import type { Cleanup } from "./cleanup.ts";
import { type DatabaseTarget, DemoError, openDatabase } from "./connect.ts";

export interface ChosenDatabase {
  readonly kind: "yours" | "private" | "sqlite";
  readonly target: DatabaseTarget;
  /** What it is and where, for people. */
  readonly title: string;
  /** What it can't show, and how to see that. */
  readonly notes: readonly string[];
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cleanup: Cleanup;
  /** The demo's temporary folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const noGapsOnSqlite =
  "SQLite lets one writer in at a time: ids commit in order, and a rollback leaves no gap between them. On MySQL and MariaDB neither is so.";

/** The user's database if they named one, else a private server if there is one, else SQLite. */
export async function chooseDatabase(args: DemoArguments, around: Surroundings): Promise<ChosenDatabase> {
  if (args.engine === "sqlite") return chooseSqlite(around, [noGapsOnSqlite]);
  if (args.engine === "private") return choosePrivate(await startPrivate(), around);
  if (args.database !== undefined) return chooseUsers("--database", args.database, around.signal);
  const url = around.env["DATABASE_URL"];
  if (url) return chooseUsers("DATABASE_URL", url, around.signal);
  const started = await startPrivate().catch((error: DemoError) => error);
  if (!(started instanceof DemoError)) return choosePrivate(started, around);
  return chooseSqlite(around, [noGapsOnSqlite, `A private server could not be started: ${started.message}`]);
}

async function chooseUsers(origin: string, url: string, signal: AbortSignal): Promise<ChosenDatabase> {
  try {
    checkDatabaseUrl(origin, url);
  } catch (error) {
    if (origin !== "DATABASE_URL" || !(error instanceof UsageError)) throw error;
    throw new DemoError(`${error.message}, or choose with --engine private or --engine sqlite.`);
  }
  const { host, pathname } = new URL(url);
  const place = `${host || "localhost"}${pathname}`;
  const target = { kind: "mysql", url } as const;
  const { version, notes } = await ask(target, (handle) => lookAtServer(handle, signal)).catch((error: unknown) => {
    if (error instanceof DemoError || signal.aborted) throw error;
    throw new DemoError(
      `The database ${place} could not be reached: ${reasonOf(error)}. Check that the server runs and that ${origin} is right, or choose with --engine private or --engine sqlite.`,
    );
  });
  return { kind: "yours", target, title: `${version}, yours at ${place}`, notes };
}

/** A MariaDB, or a MySQL if there is no MariaDB. */
async function startPrivate(): Promise<TestServer> {
  try {
    return await startMariadb();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return startMariadb({ vendor: "mysql" }).catch(() => {
      throw new DemoError(reason);
    });
  }
}

async function choosePrivate(server: TestServer, { cleanup, signal }: Surroundings): Promise<ChosenDatabase> {
  const { socketPath } = server;
  cleanup.add(`end the server whose socket is ${socketPath}, and remove ${dirname(socketPath)}`, () => server.stop());
  const target = { kind: "mysql", url: await server.createDatabase("demo") } as const;
  const { version, notes } = await ask(target, (handle) => lookAtServer(handle, signal));
  return { kind: "private", target, title: `${version}, a server of the demo's own`, notes };
}

async function chooseSqlite({ folder }: Surroundings, notes: readonly string[]): Promise<ChosenDatabase> {
  const target = { kind: "sqlite", file: join(folder, "demo.sqlite") } as const;
  const version = await ask(target, async (handle) => {
    const [row] = await toDatabase(handle).rows<{ version: string }>("select sqlite_version() as version", []);
    return row?.version ?? "";
  });
  return { kind: "sqlite", target, title: `SQLite ${version}, embedded, in a temporary file`, notes };
}

async function lookAtServer(
  handle: DatabaseHandle,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly notes: readonly string[] }> {
  const [row] = await toDatabase(handle).rows<{ version: string; step: string }>(
    "select version() as version, cast(@@auto_increment_increment as char) as step",
    [],
    { signal },
  );
  const { version = "", step } = row ?? {};
  const inSteps = `Ids go up by ${step} here (auto_increment_increment), so the ids between are gaps too.`;
  return {
    version: `${/mariadb/i.test(version) ? "MariaDB" : "MySQL"} ${version.split("-")[0]}`,
    notes: step === "1" ? [] : [inSteps],
  };
}

async function ask<R>(target: DatabaseTarget, question: (handle: DatabaseHandle) => Promise<R>): Promise<R> {
  const { handle, close } = await openDatabase(target, 1);
  try {
    return await question(handle);
  } finally {
    await close();
  }
}

// A connection that several addresses refused has an empty message.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as { code?: string }).code || error.name;
}
