import { withTimeLimit } from "../../waiting/time-limit.ts";
import type { Batch } from "../pages/batch.ts";
import type { Position } from "../position/position.ts";
import { PositionReader } from "./position-reader.ts";
import type { ReaderContext } from "./reader-context.ts";

// Of its own, an abort makes a DOMException, with a stack, each time.
const NOBODY_WAITS = new Error("no stream waits at this position any more");

/** One advance for all the streams that wait at its position; ended when none does any more. */
export class SharedPositionReader {
  readonly position: Position;
  readonly #ending = new AbortController();
  readonly #outcome: Promise<Batch>;
  #users = 0;
  #shared = false;

  /** `onEnd` is called when nobody should join it any more. */
  constructor(context: ReaderContext, position: Position, onEnd: () => void) {
    this.position = position;
    this.#outcome = new PositionReader(context, position, this.#ending.signal).run().finally(onEnd);
    this.#outcome.catch(() => undefined);
    this.#ending.signal.addEventListener("abort", onEnd, { once: true });
  }

  async wait(signal: AbortSignal): Promise<Batch> {
    this.#users++;
    // Nobody joins once there is an outcome, so that what is said of it then stays true.
    if (this.#users > 1) this.#shared = true;
    try {
      const batch = await withTimeLimit(this.#outcome, { signal, what: "events" });
      if (this.#shared) batch.share?.();
      return batch;
    } finally {
      this.#users--;
      if (this.#users === 0) this.#ending.abort(NOBODY_WAITS);
    }
  }
}
