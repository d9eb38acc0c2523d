import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DemoError } from "./connect.ts";
import type { Order, Report, StartConsumer, StartWriter } from "./messages.ts";

export interface ProcessEvents {
  readonly onReport: (report: Report) => void;
  /** It ended though nobody told it to. */
  readonly onFailure: (error: DemoError) => void;
}

const STOP_LIMIT_MS = 10_000;

/** A child process of the demo. */
export class DemoProcess {
  readonly #name: string;
  readonly #events: ProcessEvents;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #lastWords = "";
  #state: "running" | "stopping" | "killed" = "running";

  private constructor(name: string, script: URL, events: ProcessEvents) {
    this.#name = name;
    this.#events = events;
    this.#child = fork(fileURLToPath(script), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    // "close" comes when its last report was read too.
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.on("close", (code, signal) => this.#onExit(code ?? signal));
    // What can't be sent to a child that is gone is told by its exit.
    this.#child.on("error", () => {});
    this.#child.on("message", (report: Report) => this.#read(report));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000);
    });
  }

  static startWriter(start: StartWriter, events: ProcessEvents): DemoProcess {
    return new DemoProcess(`writer ${start.writer}`, new URL("./writer.js", import.meta.url), events).#begin(start);
  }

  static startConsumer(start: StartConsumer, events: ProcessEvents): DemoProcess {
    return new DemoProcess(start.consumer, new URL("./consumer.js", import.meta.url), events).#begin(start);
  }

  go(): void {
    this.#send({ type: "go" });
  }

  /** Lets it end what it is at; resolves when it has. */
  async stop(): Promise<void> {
    this.#state = "stopping";
    this.#send({ type: "stop" });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    this.#state = "killed";
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #begin(start: StartWriter | StartConsumer): this {
    this.#send(start);
    return this;
  }

  #send(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #read(report: Report): void {
    if (report.type === "failed") this.#lastWords = report.message;
    else this.#events.onReport(report);
  }

  #onExit(how: number | string | null): void {
    if (this.#state === "killed" || (this.#state === "stopping" && how === 0)) return;
    const words = this.#lastWords.trim() || `exit ${how}`;
    this.#events.onFailure(new DemoError(`The process of ${this.#name} failed: ${words}`));
  }
}
