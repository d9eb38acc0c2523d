import type { Reporting } from "./observer.ts";

/** Attempts to run that have failed one after the other. */
interface FailedAttempts {
  readonly count: number;
  /** When the first of them failed, by `performance.now()`. */
  readonly sinceMs: number;
  /** Whether the stream of one of them was open, so that an open stream does not mean that the consumer goes on. */
  readonly hadStream: boolean;
}

/** Tells that a run goes on after attempts that have failed. Observers of errors have all that is told of runs. */
export class OutageTelling {
  readonly #consumer: string;
  readonly #reporting: Reporting;
  #isStreaming = false;
  #failed: FailedAttempts | undefined;

  constructor(consumer: string, reporting: Reporting) {
    this.#consumer = consumer;
    this.#reporting = reporting;
  }

  /** An attempt has failed. One that has moved the cursor before is the first of its kind. */
  failed(hasMoved: boolean): void {
    const first = { count: 0, sinceMs: performance.now(), hadStream: false };
    const before = hasMoved ? first : (this.#failed ?? first);
    this.#failed = { ...before, count: before.count + 1, hadStream: before.hadStream || this.#isStreaming };
    this.#isStreaming = false;
  }

  /** A stream is open. */
  streams(): void {
    this.#isStreaming = true;
    if (this.#failed?.hadStream === false) this.goesOn();
  }

  /** The cursor was moved past an event of the open stream, or nothing stands in the way of one that waits at the head. */
  goesOn(): void {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed === undefined || this.#reporting.wants("error")) return;
    const { count: attempts, sinceMs } = failed;
    const lastedMs = Math.round(performance.now() - sinceMs);
    const since = attempts === 1 ? "an attempt" : `the first of ${attempts} attempts`;
    const message = `consumer ${this.#consumer} runs again, ${lastedMs} ms after ${since} that failed`;
    this.#reporting.warn(message, { consumer: this.#consumer, attempts });
  }
}
