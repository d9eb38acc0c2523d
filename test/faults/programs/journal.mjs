import { openSync, writeSync } from "node:fs";

/** A file of one JSON text a line. What was written stays, however the process ends. */
export class Journal {
  #file;

  constructor(path) {
    this.#file = openSync(path, "a");
  }

  /** Each line has the time of the machine's monotonic clock, in ms, which is the same for all processes. */
  write(line) {
    writeSync(this.#file, `${JSON.stringify({ at: Number(process.hrtime.bigint()) / 1e6, ...line })}\n`);
  }
}
