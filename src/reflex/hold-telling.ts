import { holdTimes } from "./hold-times.ts";
import type { HoldReport, Reporting } from "./observer.ts";

type Held = Pick<HoldReport, "consumer" | "reason" | "cursor" | "error" | "message">;

/** Tells that a consumer is held: at once, every minute, and when it goes on. */
export class HoldTelling {
  readonly #reporting: Reporting;
  readonly #held: Held;
  readonly #sinceMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(reporting: Reporting, held: Held) {
    this.#reporting = reporting;
    this.#held = held;
    this.#tell("held", held);
    // The wait of the hold itself keeps the process alive.
    this.#timer = setInterval(() => this.#tell("held", held), holdTimes().tellMs).unref();
  }

  /** Tells that the consumer goes on from this cursor. */
  released(cursor: string, why: string): void {
    const { consumer, reason } = this.#held;
    const message = `consumer ${consumer} goes on after cursor ${cursor}, having been held for ${this.#heldMs} ms: ${why}`;
    this.#tell("released", { consumer, reason, cursor, error: this.#held.error, message });
  }

  /** Tells no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(state: HoldReport["state"], held: Held): void {
    this.#reporting.hold({ ...held, state, heldMs: this.#heldMs });
  }

  get #heldMs(): number {
    return Math.round(performance.now() - this.#sinceMs);
  }
}
