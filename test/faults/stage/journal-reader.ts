import { closeSync, openSync, readSync } from "node:fs";

/** Reads the lines of a journal that a process of the harness is still writing. */
export class JournalReader<Line> {
  readonly #file: number;
  readonly #see: (line: Line) => void;
  readonly #buffer: Buffer = Buffer.alloc(65_536);
  #position = 0;
  #rest = "";

  /** Makes the file. */
  constructor(path: string, see: (line: Line) => void) {
    this.#file = openSync(path, "a+");
    this.#see = see;
  }

  /** Passes on the lines that were written since the last call. */
  read(): void {
    for (;;) {
      const count = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#position);
      if (count === 0) return;
      this.#position += count;
      // A journal is ASCII but for the text of an error, which counts for nothing.
      const lines = (this.#rest + this.#buffer.toString("latin1", 0, count)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#see(JSON.parse(line) as Line);
    }
  }

  close(): void {
    this.read();
    closeSync(this.#file);
  }
}
