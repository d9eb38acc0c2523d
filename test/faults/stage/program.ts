import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const STOP_LIMIT_MS = 20_000;
const MOST_ERROR_TEXT = 2000;

/** How a program is started, such as `ip netns exec NAME`; its own command line follows. */
export type Launcher = readonly [string, ...string[]];

export interface ProgramOptions {
  readonly file: URL;
  /** What the program is to do, which becomes JSON. */
  readonly task: object;
  readonly launcher?: Launcher | undefined;
}

/** A program of the harness in a process of its own. It ends with the harness, however that ends. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #errors = "";
  #told = false;

  constructor({ file, task, launcher }: ProgramOptions) {
    const [execPath, ...words] = [...(launcher ?? []), process.execPath] as const;
    this.#child = fork(fileURLToPath(file), [JSON.stringify(task)], {
      execPath: execPath ?? process.execPath,
      execArgv: words,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#exited = once(this.#child, "exit");
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-MOST_ERROR_TEXT);
    });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it ended though nobody had told it to. */
  get endedByItself(): boolean {
    return !this.running && !this.#told;
  }

  /** The end of what it wrote to its standard error. */
  get errorText(): string {
    return this.#errors.trim();
  }

  /** Has its `process.on("message")` called. */
  send(message: object | string): void {
    this.#child.send(message, () => undefined);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#told = true;
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Tells it to end, and waits for that. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.#told = true;
    this.send("stop");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
