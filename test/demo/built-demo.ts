import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildPackage } from "../support/package/build-package.ts";
import { isRunning } from "../support/processes/is-running.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** The package and the demo as `npm run demo` builds them, in a folder of its own: Node.js 20 can't run TypeScript. */
export class BuiltDemo {
  readonly #folder: string;
  #runs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<BuiltDemo> {
    const folder = await mkdtemp(join(tmpdir(), "rsql-built-"));
    await buildPackage(join(folder, "dist"));
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    // Types are checked elsewhere.
    const target = ["-p", join(repository, "tsconfig.demo.json"), "--outDir", join(folder, ".demo"), "--noCheck"];
    await run(process.execPath, [compiler, ...target]);
    await copyFile(join(repository, "package.json"), join(folder, "package.json"));
    await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
    return new BuiltDemo(folder);
  }

  /** Starts the demo, not on a terminal. */
  async start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<DemoRun> {
    const temporary = join(this.#folder, `tmp-${++this.#runs}`);
    await mkdir(temporary);
    const { DATABASE_URL: _, ...inherited } = process.env;
    const child = spawn(process.execPath, [join(this.#folder, ".demo/main.js"), ...args], {
      env: { ...inherited, TMPDIR: temporary, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new DemoRun(child, temporary);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One run of the demo. */
export class DemoRun {
  output = "";
  errors = "";
  readonly #child: ChildProcess;
  readonly #temporary: string;
  readonly #closed: Promise<unknown[]>;

  constructor(child: ChildProcess, temporary: string) {
    this.#child = child;
    this.#temporary = temporary;
    this.#closed = once(child, "close");
    child.stdout?.on("data", (data) => {
      this.output += String(data);
    });
    child.stderr?.on("data", (data) => {
      this.errors += String(data);
    });
  }

  /** Resolves with the exit code; null if it was killed. */
  async ended(): Promise<number | null> {
    const [code] = await this.#closed;
    return code as number | null;
  }

  /** All that it printed, and its exit code in a last line. */
  async story(): Promise<string> {
    const code = await this.ended();
    return `${this.output}${this.errors}\nexit ${code}`;
  }

  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#child.exitCode !== null)
        throw new Error(`the demo ended without "${text}": ${this.output}${this.errors}`);
      await delay(20);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The processes that it has started, and those that they have. */
  async descendants(): Promise<number[]> {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
    const all = stdout
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
    const found = [this.#child.pid ?? 0];
    for (const parent of found) found.push(...all.filter(([, of]) => of === parent).map(([pid]) => pid ?? 0));
    return found.slice(1);
  }

  /** What it has left in its temporary folder. */
  async leftFiles(): Promise<string[]> {
    return readdir(this.#temporary);
  }
}

/** Which of these processes still run, once they had some time to end. */
export async function stillRunning(pids: readonly number[], limitMs = 5000): Promise<number[]> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const running = pids.filter(isRunning);
    if (running.length === 0 || performance.now() > deadline) return running;
    await delay(50);
  }
}
