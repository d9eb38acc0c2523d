import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildPackage } from "../support/package/build-package.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
const execute = promisify(execFile);

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
}

/** The examples as a user would copy them, beside the built package and the drivers of this checkout. */
export class ExamplePrograms {
  /** The examples by the names of their folders. */
  readonly names: readonly string[];
  readonly #folder: string;

  private constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.names = names;
  }

  /** Builds the package and copies the examples. */
  static async copy(): Promise<ExamplePrograms> {
    const folder = await mkdtemp(join(tmpdir(), "rsql-examples-"));
    const modules = join(folder, "node_modules");
    const own = join(modules, "reflex-rsql");
    await mkdir(own, { recursive: true });
    await buildPackage(join(own, "dist"), { declarations: true });
    await copyFile(join(root, "package.json"), join(own, "package.json"));
    for (const name of await readdir(join(root, "node_modules"))) {
      if (!name.startsWith(".")) await symlink(join(root, "node_modules", name), join(modules, name));
    }
    const entries = await readdir(join(root, "examples"), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const installed = (path: string): boolean => !/[/\\](node_modules|build)$/.test(path);
    await cp(join(root, "examples"), folder, { recursive: true, filter: installed });
    return new ExamplePrograms(folder, names);
  }

  /** Compiles all of them, or these, each by its own settings, and tells what the compiler says of which. */
  async compile(names: readonly string[] = this.names): Promise<string[]> {
    const compile = (name: string): Promise<string> =>
      execute(process.execPath, [compiler], { cwd: join(this.#folder, name) }).then(
        () => "",
        (error: { stdout: string }) => `${name}: ${error.stdout}`,
      );
    const said = await Promise.all(names.map(compile));
    return said.filter((text) => text !== "");
  }

  /** Starts what `npm start`, or `npm test` where there is none, starts once it has compiled. */
  async start(name: string, env: NodeJS.ProcessEnv): Promise<ExampleRun> {
    const folder = join(this.#folder, name);
    const { scripts } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
    const [compile, command] = (scripts["start"] ?? scripts["test"] ?? "").split(" && ");
    if (compile !== "tsc" || command?.startsWith("node ") !== true) throw new Error(`${name} has no known script`);
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
    return new ExampleRun(
      spawn(process.execPath, command.split(" ").slice(1), {
        cwd: folder,
        env: { ...inherited, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  /** All that an example prints, and how it ends. */
  async run(name: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
    return (await this.start(name, env)).ended();
  }

  /** The lines that its README says it prints. */
  async documented(name: string): Promise<string[]> {
    const readme = await readFile(join(this.#folder, name, "README.md"), "utf8");
    const lines = /```text\n([\s\S]*?)\n```/.exec(readme)?.[1];
    if (lines === undefined) throw new Error(`the README of ${name} does not say what it prints`);
    return lines.split("\n");
  }

  /** A place for files. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One run of an example. */
export class ExampleRun {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, "close");
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.#output += chunk;
        child.emit("output");
      });
    }
  }

  /** Resolves with the match once it was printed. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      const event = await Promise.race([once(this.#child, "output").then(() => "output"), this.#closed]);
      if (event !== "output") throw new Error(`it ended without ${pattern}:\n${this.#output}`);
    }
  }

  /** Its lines, and a last one if it did not end well. */
  async ended(): Promise<string[]> {
    const [code, signal] = await this.#closed;
    const lines = this.#output.trim().split("\n");
    return code === 0 ? lines : [...lines, `ended with ${String(code ?? signal)}`];
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
