import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own. It is given work, and tells what comes of it until it is done. */
export class ChildProgram<Message extends { kind: string }> {
  readonly #name: string;
  readonly #child: ChildProcess;

  constructor(name: string, libraryUrl: string) {
    this.#name = name;
    const program = fileURLToPath(new URL(name, import.meta.url));
    this.#child = fork(program, [libraryUrl], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
  }

  /** Resolves when the program says "done". Rejects if it says "failed" or ends before that. */
  work(task: object, onMessage: (message: Message) => void): Promise<void> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        child.off("message", hear);
        child.off("exit", onExit);
        end();
      };
      const hear = (message: Message & { message?: string }): void => {
        if (message.kind === "done") settle(resolve);
        else if (message.kind === "failed") settle(() => reject(new Error(`${this.#name}: ${message.message}`)));
        else onMessage(message);
      };
      const onExit = (code: number | null): void =>
        settle(() => reject(new Error(`${this.#name} ended with exit code ${code}`)));
      child.on("message", hear as (message: unknown) => void);
      child.once("exit", onExit);
      child.send(task);
    });
  }

  close(): void {
    this.#child.kill();
  }
}
