import { isReflexError, type Logger, type Observer } from "reflex-rsql";

/** What no message may repeat: it stands for a password, and for a person's data. */
export const CANARY = "canary-7f3a";
/** A connection URL with the canary for a password. */
export const CANARY_URL: string = `mysql://shop:${CANARY}@db.example/shop`;
const forms: readonly string[] = [
  CANARY,
  Buffer.from(CANARY).toString("hex"),
  Buffer.from(CANARY).toString("base64").replace(/=+$/, ""),
];

const observed = ["poll", "page", "gap", "stall", "flush", "hold", "cursorChange", "consume", "error"] as const;

/** Collects whatever the library tells: messages and details of its errors, warnings, and what loggers and observers get. */
export class Told implements Disposable {
  /** The errors that were noted, as they came. */
  readonly errors: unknown[] = [];
  readonly #texts: string[] = [];
  readonly #onWarning = (warning: Error): void => this.note(`${warning.name}: ${warning.message}`);
  readonly logger: Logger = { warn: (message, details) => this.note(message, details) };
  readonly observer: Observer = Object.fromEntries(
    observed.map((name) => [name, (report: object) => this.#noteReport(name, report)]),
  );

  constructor() {
    process.on("warning", this.#onWarning);
  }

  /** Takes an error that a call has failed with. The driver's own error, which is its cause, is not the library's to tell. */
  noteError(error: unknown): void {
    this.errors.push(error);
    if (!(error instanceof Error)) return this.note("thrown", error);
    this.note(error.name, error.message, "details" in error ? error.details : "");
    if (isReflexError(error.cause)) this.noteError(error.cause);
  }

  note(...parts: readonly unknown[]): void {
    const text = (part: unknown): string =>
      typeof part === "string" ? part : JSON.stringify(part, (_key, value: unknown) => printable(value));
    this.#texts.push(parts.map(text).join(" "));
  }

  get count(): number {
    return this.#texts.length;
  }

  /** What was told and repeats the canary, in whatever form. */
  get leaks(): string[] {
    return this.#texts.filter((text) => forms.some((form) => text.includes(form)));
  }

  [Symbol.dispose](): void {
    process.off("warning", this.#onWarning);
  }

  #noteReport(name: string, report: object): void {
    const { error, ...rest } = report as { error?: unknown };
    this.note(name, rest);
    if (error !== undefined) this.noteError(error);
  }
}

function printable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? value.message : value;
}
