import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPackage } from "../support/package/build-package.ts";
import { describeEachServer } from "../support/servers/engines.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
const execute = promisify(execFile);
let folder: string;

/** What `npm pack` would send, unpacked where `npm install` would put it, beside the drivers and types of this checkout. */
async function installPackage(): Promise<void> {
  const staging = join(folder, "staging");
  await mkdir(staging);
  for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"])
    await cp(join(root, name), join(staging, name));
  await buildPackage(join(staging, "dist"), { declarations: true });
  const { stdout } = await execute("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: staging,
  });
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "reflex-rsql"), { recursive: true });
  await execute("tar", [
    "-xzf",
    join(folder, stdout.trim()),
    "-C",
    join(modules, "reflex-rsql"),
    "--strip-components=1",
  ]);
  const installed = await readdir(join(root, "node_modules"));
  for (const name of installed) {
    if (!name.startsWith(".")) await symlink(join(root, "node_modules", name), join(modules, name));
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "readme-"));
  await installPackage();
  const readme = await readFile(join(root, "README.md"), "utf8");
  const program = /## A complete program\n+```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  await writeFile(join(folder, "program.ts"), program);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const options = { target: "es2023", module: "nodenext", strict: true, skipLibCheck: false, types: ["node"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["program.ts"] }));
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("the README's program type-checks against the packed package", async () => {
  await execute(process.execPath, [compiler, "-p", folder], { cwd: folder }).catch((error: { stdout: string }) => {
    expect.unreachable(error.stdout);
  });
});

/** Runs the program until it has printed a line, ends it with Ctrl-C, and gives its output and exit code. */
async function runProgram(url: string): Promise<{ lines: string[]; code: number | null }> {
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, ["program.js"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (output.includes("\n")) child.kill("SIGINT");
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  return { lines: output.trim().split("\n"), code };
}

describeEachServer((engine) => {
  test("the README's program runs, and a second run handles its own order only", async () => {
    await engine.createRawPool().then((pool) => pool.query("select 1"));
    const first = await runProgram(engine.url());
    expect(first).toEqual({ lines: [expect.stringMatching(/^event 1: a mail for order [0-9a-f-]{36}$/)], code: 0 });
    const second = await runProgram(engine.url());
    expect(second).toEqual({ lines: [expect.stringMatching(/^event 2: a mail for order [0-9a-f-]{36}$/)], code: 0 });
  });
});
