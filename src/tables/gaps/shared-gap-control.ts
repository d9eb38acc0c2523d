import { CountedRegistry } from "../../waiting/counted-registry.ts";
import { type Gap, type GapContext, GapControl } from "./gap-control.ts";

/**
 * The control of a reader that the streams of several objects of one table share. What is asked of the control of any of these
 * objects counts for all: a noop closes a gap for everyone who reads the table.
 */
export class SharedGapControl extends GapControl {
  /** The controls of the objects that have a stream open. */
  readonly #readers = new CountedRegistry<GapControl, GapControl>();

  /** A stream of this object has joined. Returns a function to be called when it has left. */
  join(control: GapControl): () => void {
    control.shareWith(this);
    this.#readers.acquire(control, () => control);
    return () => this.#readers.release(control);
  }

  override tell(context: GapContext, gap: Gap): void {
    if (this.isNew(gap, context.database)) context.reporting.tell("gap", { table: context.table, ...gap });
    for (const control of this.#readers.values) control.tellListeners(context, gap);
  }
}
