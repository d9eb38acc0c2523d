import type { WaitCause } from "../../reflex/wait-cause.ts";
import { SharedOutcome } from "../../waiting/shared-outcome.ts";
import type { Batch, UnreadRest } from "../pages/batch.ts";
import type { HeldValues } from "../pages/event-memory.ts";
import type { Position } from "../position/position.ts";
import { PositionReader, type PositionReaderPlace } from "./position-reader.ts";
import type { ReaderContext } from "./reader-context.ts";

// An abort without a reason makes a DOMException, with a stack, each time.
const NOBODY_WAITS = new Error("no stream waits at this position any more");

/** What a position reader is made for. */
export interface PositionReaderTask extends PositionReaderPlace {
  /** What was read before of what follows the position. */
  readonly rest: UnreadRest | undefined;
  readonly onEnd: () => void;
}

/** One position reader for all the streams that wait at its position. It ends when no stream waits there any more. */
export class SharedPositionReader {
  readonly position: Position;
  readonly #ending = new AbortController();
  readonly #reader: PositionReader;
  readonly #outcome: SharedOutcome<Batch>;
  #users = 0;
  /** The long values of what was found, held for those who will still ask for it. */
  #held: HeldValues | undefined;
  #shared = false;

  /** `onEnd` is called when no further stream may join: the reader has found something, or has ended. */
  constructor(context: ReaderContext, { position, memory, rest, onEnd }: PositionReaderTask) {
    this.position = position;
    this.#reader = new PositionReader(context, { position, memory }, this.#ending.signal);
    const found = this.#reader.run(rest).then((batch) => {
      this.#held = batch.held;
      if (this.#users === 0) this.#release();
      return batch;
    });
    this.#outcome = new SharedOutcome(found.finally(onEnd));
    this.#ending.signal.addEventListener("abort", onEnd, { once: true });
  }

  /** On what it is known to wait; undefined if it does not, or not for long. */
  get stalledOn(): WaitCause | undefined {
    return this.#reader.stalledOn;
  }

  async wait(signal: AbortSignal): Promise<Batch> {
    this.#users++;
    // No stream joins once there is an outcome, so that `#shared` is final by then.
    if (this.#users > 1) this.#shared = true;
    try {
      const batch = await this.#outcome.wait(signal);
      batch.held?.hold();
      if (this.#shared) batch.share?.();
      return batch;
    } finally {
      this.#users--;
      if (this.#users === 0) {
        this.#ending.abort(NOBODY_WAITS);
        this.#release();
      }
    }
  }

  #release(): void {
    this.#held?.release();
    this.#held = undefined;
  }
}
