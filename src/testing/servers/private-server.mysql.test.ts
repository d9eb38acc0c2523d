import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRunning } from "../../../test/support/processes/is-running.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { findServer } from "./find-server.ts";
import { type PrivateServer, startPrivateServer } from "./private-server.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

async function firstCell(connection: Connection, sql: string): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return (rows[0] as unknown[] | undefined)?.[0];
}

async function query(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    return await firstCell(connection, sql);
  } finally {
    await connection.end();
  }
}

function leftovers({ pid, dataFolder }: Pick<PrivateServer, "pid" | "dataFolder">): string[] {
  return [...(isRunning(pid) ? ["its process"] : []), ...(existsSync(dirname(dataFolder)) ? ["its folder"] : [])];
}

describeEachServer(({ vendor }) => {
  test("a private server answers, and leaves neither a process nor a folder when it is stopped", async () => {
    const server = await startPrivateServer({ vendor });
    expect(await query(server.url, "select version()")).toContain(server.version.split("-")[0]);
    expect(isRunning(server.pid)).toBe(true);
    await server.stop();
    await server.stop();
    expect(leftovers(server)).toEqual([]);
  });

  // Catches a listener of each who waits on one emitter: with the eleventh, Node.js prints a warning.
  test("any number may wait for its end", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const server = await startPrivateServer({ vendor });
    await Promise.all(Array.from({ length: 12 }, () => server.crash()));
    await Promise.all(Array.from({ length: 12 }, () => server.stop()));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  test("it listens on a TCP port only when asked to", async () => {
    await using closed = await startPrivateServer({ vendor });
    expect(closed.port).toBeUndefined();
    await using server = await startPrivateServer({ vendor, port: true });
    expect(await query(`mysql://root@127.0.0.1:${server.port}/`, "select 1")).toBe(1);
  });

  test("a durable server keeps what was committed through a crash, and has users and a binary log", async () => {
    await using server = await startPrivateServer({ vendor, durable: true });
    await query(server.url, "create database kept");
    await query(server.url, "create user reader@localhost");
    await server.crash();
    await expect(query(server.url, "select 1")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    await server.restart();
    expect(await query(server.url, "show databases like 'kept'")).toBe("kept");
    expect(await query(server.url, "select @@log_bin")).toBe(1);
    await expect(query(server.url.replace("root@", "reader@"), "create database mine")).rejects.toThrow(/denied/);
  });

  test("it is stopped even while it hangs", async () => {
    const server = await startPrivateServer({ vendor });
    process.kill(server.pid, "SIGSTOP");
    await server.stop();
    expect(leftovers(server)).toEqual([]);
  });

  test("a flag that the server does not know fails with the end of its log", async () => {
    await expect(startPrivateServer({ vendor, flags: ["--no-such-flag"] })).rejects.toThrow(/no-such-flag/);
  });
});

describe("when the process that started a server is killed", () => {
  let compiled: string;

  // The parent has to be a process of its own, and Node 20 runs no TypeScript.
  beforeAll(async () => {
    compiled = await mkdtemp(join(tmpdir(), "rsql-compiled-"));
    const flags = ["--noEmit", "false", "--rootDir", ".", "--declaration", "false", "--isolatedDeclarations", "false"];
    const settings = ["--module", "nodenext", "--target", "es2023", "--types", "node", "--skipLibCheck"];
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    const source = join(repository, "src/testing/servers/private-server.ts");
    await promisify(execFile)(
      process.execPath,
      [
        compiler,
        ...flags,
        ...settings,
        "--rewriteRelativeImportExtensions",
        "--ignoreConfig",
        "--outDir",
        compiled,
        source,
      ],
      { cwd: repository },
    );
    await writeFile(join(compiled, "package.json"), '{ "type": "module" }');
    await symlink(join(repository, "node_modules"), join(compiled, "node_modules"));
    await writeFile(
      join(compiled, "parent.js"),
      `import { startPrivateServer } from "./src/testing/servers/private-server.js";
       const { pid, dataFolder } = await startPrivateServer({ vendor: process.argv[2] });
       console.log(JSON.stringify({ pid, dataFolder }));
       if (process.argv[3] === "stay") setInterval(() => {}, 1000);`,
    );
  });
  afterAll(() => rm(compiled, { recursive: true, force: true }));

  async function startIn(vendor: string, mode: string): Promise<[ReturnType<typeof spawn>, PrivateServer]> {
    const parent = spawn(process.execPath, [join(compiled, "parent.js"), vendor, mode], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout, "data");
    return [parent, JSON.parse(String(line)) as PrivateServer];
  }

  test.for(["mariadb", "mysql"] as const)("%s leaves neither a process nor a folder", async (vendor, { skip }) => {
    if (!(await findServer(vendor))) skip("this server is not on this machine");
    const [parent, server] = await startIn(vendor, "stay");
    expect(isRunning(server.pid)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => leftovers(server), { timeout: 5000 }).toEqual([]);
  });

  test("a process that forgets to stop its server ends all the same, and its server with it", async ({ skip }) => {
    const found = await findServer();
    if (!found) return skip("there is no server on this machine");
    const [parent, server] = await startIn(found.vendor, "leave");
    if (parent.exitCode === null) await once(parent, "exit");
    expect(parent.exitCode).toBe(0);
    await expect.poll(() => leftovers(server), { timeout: 5000 }).toEqual([]);
  });
});
