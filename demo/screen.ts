import type { WriteStream } from "node:tty";
import { createPaint, type Paint } from "./paint.ts";

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
// oxlint-disable-next-line no-control-regex -- ESC begins what a terminal does not show
const SEQUENCE = /\u001B\[[0-9;?]*[A-Za-z]/g;

export type Output = Pick<WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/** Prints lines; on a terminal with a block below them that is drawn again and again. */
export class Screen {
  /** Whether blocks can be drawn. */
  readonly live: boolean;
  readonly paint: Paint;
  readonly #output: Output;
  #block: readonly string[] = [];
  #drawn = 0;

  constructor(output: Output, env: NodeJS.ProcessEnv) {
    this.#output = output;
    this.live = output.isTTY === true && env["TERM"] !== "dumb";
    this.paint = createPaint(this.live && !env["NO_COLOR"]);
  }

  /** How wide texts may be. */
  get columns(): number {
    return this.live ? Math.max(40, Math.min(this.#output.columns || 80, 120)) : 80;
  }

  /** Prints lines that stay. */
  print(...lines: readonly string[]): void {
    this.#output.write(`${this.#erased()}${lines.map((line) => `${line}\n`).join("")}${this.#redrawn()}`);
  }

  /** Replaces the block. */
  draw(lines: readonly string[]): void {
    if (!this.live) return;
    this.#block = lines;
    this.#output.write(`${HIDE_CURSOR}${this.#erased()}${this.#redrawn()}`);
  }

  /** Takes the block away and leaves the terminal as it was. */
  close(): void {
    if (!this.live) return;
    this.#block = [];
    this.#output.write(`${this.#erased()}${SHOW_CURSOR}`);
  }

  #erased(): string {
    const rows = this.#drawn;
    this.#drawn = 0;
    return rows === 0 ? "" : `\u001B[${rows}A\r\u001B[J`;
  }

  // A line that wraps would take two rows, and the next erasing would leave one behind.
  #redrawn(): string {
    this.#drawn = this.#block.length;
    return this.#block.map((line) => `${cut(line, (this.#output.columns || 80) - 1)}\n`).join("");
  }
}

/** The first `width` characters that show, with all colours and their ends. */
function cut(line: string, width: number): string {
  let room = width;
  let from = 0;
  let result = "";
  for (const match of [...line.matchAll(SEQUENCE), undefined]) {
    const text = line.slice(from, match?.index ?? line.length).slice(0, room);
    room -= text.length;
    result += text + (match?.[0] ?? "");
    from = (match?.index ?? 0) + (match?.[0].length ?? 0);
  }
  return result;
}
