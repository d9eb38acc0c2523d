import { rmSync } from "node:fs";
import type { Order, Report } from "./messages.ts";

/** What a process of the demo has of its parent. */
export interface Parent {
  report(report: Report): void;
  /** Resolves when the parent says "go". */
  readonly go: Promise<void>;
  /** Aborted when the parent says "stop". */
  readonly stop: AbortSignal;
}

/** Runs the work of a child process. It ends with its work, at an error, and at once when the parent is gone. */
export function runChild<K extends "write" | "consume">(
  kind: K,
  work: (start: Extract<Order, { type: K }>, parent: Parent) => Promise<void>,
): void {
  const stopping = new AbortController();
  const begin = new AbortController();
  const go = new Promise<void>((resolve) => begin.signal.addEventListener("abort", () => resolve(), { once: true }));
  let folder: string | undefined;
  process.on("message", (order: Order) => {
    if (order.type === "go") begin.abort();
    else if (order.type === "stop") stopping.abort(new Error("the demo is over"));
    else if (order.type === kind) {
      ({ folder } = order);
      const done = work(order as Extract<Order, { type: K }>, { report, go, stop: stopping.signal });
      done.then(
        () => last({ type: "ended" }),
        (error: unknown) => fail(error),
      );
    }
  });
  process.on("disconnect", () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(1);
  });
  // Ctrl-C in a terminal reaches every process: the parent decides what happens then.
  process.on("SIGINT", () => {});
}

function report(message: Report): void {
  if (process.connected) process.send?.(message);
}

function fail(error: unknown): void {
  last({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

/** Ends the process once this report, and with it all before it, was sent. */
function last(message: Report): void {
  process.send?.(message, undefined, {}, () => {
    process.removeAllListeners("disconnect");
    process.exit(message.type === "failed" ? 1 : 0);
  });
}
