import type { CursorControl, CursorWatch } from "../../reflex/cursor-requests.ts";

/** The runs of this process that want to be told of their cursors, by consumer. */
export class CursorWatches {
  readonly #watches = new Map<string, Set<CursorWatch>>();

  get consumers(): readonly string[] {
    return [...this.#watches.keys()];
  }

  /** Adds a watch. Returns a function that removes it. */
  add(consumer: string, watch: CursorWatch): () => void {
    const watches = this.#watches.get(consumer) ?? new Set();
    this.#watches.set(consumer, watches.add(watch));
    return () => {
      watches.delete(watch);
      if (watches.size === 0 && this.#watches.get(consumer) === watches) this.#watches.delete(consumer);
    };
  }

  /** The events table that a run of the consumer has named. */
  tableOf(consumer: string): string | undefined {
    for (const { table } of this.#of(consumer)) if (table !== undefined) return table;
    return undefined;
  }

  requested(consumer: string, control: CursorControl): void {
    for (const watch of this.#of(consumer)) watch.requested(control);
  }

  /** Returns whether a run was told. */
  lost(consumer: string, error: unknown): boolean {
    const watches = this.#of(consumer);
    for (const watch of watches) watch.lost(error);
    return watches.length > 0;
  }

  /** A copy: what is told may end a run, and with it a watch. */
  #of(consumer: string): readonly CursorWatch[] {
    return [...(this.#watches.get(consumer) ?? [])];
  }
}
