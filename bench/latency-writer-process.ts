import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WriterOrder, WriterReport } from "./latency-writer.ts";

/** Has a process of its own write. Resolves with when each commit was over, once the process has ended. */
export function writeInChild(order: WriterOrder): Promise<readonly number[]> {
  // The compiled file: nothing rewrites the ending of a path that is no import.
  const child = fork(fileURLToPath(new URL("latency-writer.js", import.meta.url)));
  let said: WriterReport | undefined;
  child.on("message", (report: WriterReport) => {
    said = report;
  });
  child.send(order);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (said !== undefined && "commits" in said) resolve(said.commits);
      else reject(new Error(`the writer process failed: ${said?.failure ?? `it ended with ${code}`}`));
    });
  });
}
