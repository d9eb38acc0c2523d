import { CountedRegistry } from "../../waiting/counted-registry.ts";
import { type Gap, type GapContext, GapControl } from "./gap-control.ts";

/**
 * The control of a reader that the streams of several objects of one table share. As long as an object has a stream there, what
 * is asked of its control counts for all of them: a noop closes a gap for everyone who reads the table.
 */
export class SharedGapControl extends GapControl {
  /** What ends the sharing, by the control of each object that has a stream open. */
  readonly #readers = new CountedRegistry<GapControl, () => void>();
  readonly #controls = new Set<GapControl>();

  /** A stream of this object has joined. Returns a function to be called when it has left. */
  join(control: GapControl): () => void {
    this.#readers.acquire(control, () => control.shareWith(this));
    this.#controls.add(control);
    return () => {
      const unshare = this.#readers.release(control);
      if (unshare === undefined) return;
      this.#controls.delete(control);
      unshare();
    };
  }

  override tell(context: GapContext, gap: Gap): void {
    if (this.isNew(gap, context.database)) context.reporting.tell("gap", { table: context.table, ...gap });
    for (const control of this.#controls) control.tellListeners(context, gap);
  }

  /** Runs one fill, for which each of the objects can wait. */
  override track<R>(fill: Promise<R>): Promise<R> {
    return [...this.#controls].reduce((tracked, control) => control.track(tracked), fill);
  }
}
