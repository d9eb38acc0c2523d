import { type ChildProcess, spawn } from "node:child_process";
import { open } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

// A shell that outlives this process by a moment. Its standard input ends when this process does, however that
// happens (SIGKILL too); then it kills the server and removes the folder. `run` waits for one life of the server:
// only its parent can, and only its parent may kill it without the risk that the pid is another process's by now.
// A broken pipe must not end the shell before it has cleaned up.
const script = `
trap '' PIPE
run() {
  server= stopped=
  trap 'stopped=1; [ -z "$server" ] || kill -9 "$server"' TERM
  "$@" </dev/null >>"$RSQL_FOLDER/server.log" 2>&1 &
  server=$!
  [ -z "$stopped" ] || kill -9 "$server"
  echo "started $server"
  wait "$server"
  status=$?
  [ -z "$stopped" ] || wait "$server"
  echo "ended $status"
}
end() { [ -z "$runner" ] || { kill "$runner"; wait "$runner"; runner=; }; }
trap 'end; rm -rf "\${RSQL_FOLDER:?}"' EXIT
trap exit TERM INT HUP
run "$@" & runner=$!
while read -r order; do
  case $order in
    kill) end ;;
    start) run "$@" & runner=$! ;;
  esac
done`;

export interface GuardedProgram {
  readonly program: string;
  readonly flags: readonly string[];
  /** Removed when the program is stopped, or when this process ends. */
  readonly folder: string;
}

/** A server process that dies with this process, also by SIGKILL, and its folder with it. */
export class ServerGuard {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Who waits for news of the server. `once` of node:events would put two listeners on an emitter for each of them. */
  readonly #waiting = new Set<() => void>();
  #pid: number | undefined;
  #exitStatus: number | undefined;
  #gone = false;

  private constructor(options: GuardedProgram) {
    this.#folder = options.folder;
    // A process group of its own, so that Ctrl-C in a terminal does not end the guard before its work.
    this.#child = spawn("sh", ["-c", script, "guard", options.program, ...options.flags], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, RSQL_FOLDER: options.folder },
      detached: true,
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.once("error", () => this.#end());
    this.#child.once("exit", () => this.#end());
    if (this.#child.stdout) createInterface({ input: this.#child.stdout }).on("line", (line) => this.#read(line));
  }

  static async start(options: GuardedProgram): Promise<ServerGuard> {
    const guard = new ServerGuard(options);
    await guard.#until(() => guard.#pid !== undefined);
    return guard;
  }

  /** The process id of the running server, or of the last one. */
  get pid(): number {
    return this.#pid ?? -1;
  }

  /** How the server ended; undefined while it runs. */
  get exitStatus(): number | undefined {
    return this.#exitStatus;
  }

  /** Waits for the server to end by itself. */
  async ended(): Promise<number> {
    await this.#until(() => this.#exitStatus !== undefined);
    return this.#exitStatus ?? -1;
  }

  /** Ends the server as a power cut would, and keeps its folder. */
  async kill(): Promise<void> {
    this.#child.stdin?.write("kill\n");
    await this.ended();
  }

  /** Starts the server again, after it has ended, with the same flags. */
  async startAgain(): Promise<void> {
    this.#exitStatus = undefined;
    this.#pid = undefined;
    this.#child.stdin?.write("start\n");
    await this.#until(() => this.#pid !== undefined);
  }

  /** Ends the server and removes its folder. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    this.#keepProcessAlive(true);
    while (!this.#gone) await this.#news();
  }

  /** The last lines that the server wrote. */
  async logTail(bytes = 2000): Promise<string> {
    const file = await open(join(this.#folder, "server.log")).catch(() => undefined);
    if (!file) return "";
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - bytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      return buffer.toString("utf8", 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  }

  #read(line: string): void {
    const value = Number(line.split(" ")[1]);
    if (line.startsWith("started ")) this.#pid = value;
    if (line.startsWith("ended ")) this.#exitStatus = value;
    this.#tell();
  }

  #end(): void {
    this.#gone = true;
    this.#exitStatus ??= -1;
    this.#tell();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #until(reached: () => boolean): Promise<void> {
    this.#keepProcessAlive(true);
    while (!reached()) {
      if (this.#gone) throw new Error(`the shell that guards the server in ${this.#folder} has ended`);
      await this.#news();
    }
    this.#keepProcessAlive(false);
  }

  // A program that forgets to stop its server can end all the same: the guard cleans up after it.
  #keepProcessAlive(keep: boolean): void {
    const handles = [this.#child, this.#child.stdin as Socket | null, this.#child.stdout as Socket | null];
    for (const handle of handles) {
      if (keep) handle?.ref();
      else handle?.unref();
    }
  }
}
