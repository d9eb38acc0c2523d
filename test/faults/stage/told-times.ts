import type { ToldTime } from "../counting/history.ts";

/** The times in which a consumer, or who watches it, knew that it waits. */
export class ToldTimes {
  readonly #ended: ToldTime[] = [];
  readonly #open = new Map<string, number>();

  /** Something is told that stays so until `end`. */
  begin(what: string, at: number): void {
    if (!this.#open.has(what)) this.#open.set(what, at);
  }

  end(what: string, at: number): void {
    const from = this.#open.get(what);
    if (from === undefined) return;
    this.#open.delete(what);
    this.#ended.push({ from, to: at });
  }

  add(from: number, to: number): void {
    this.#ended.push({ from, to });
  }

  /** The process has ended: what it had told is no longer so. */
  endAll(at: number): void {
    for (const from of this.#open.values()) this.#ended.push({ from, to: at });
    this.#open.clear();
  }

  get all(): readonly ToldTime[] {
    const open = [...this.#open.values()].map((from) => ({ from, to: Number.POSITIVE_INFINITY }));
    return [...this.#ended, ...open];
  }
}
