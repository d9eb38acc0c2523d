import { Endings, withTimeLimit } from "../waiting/time-limit.ts";
import { startTimer } from "../waiting/timer.ts";

/** A run's waits for what only its user can end, such as a consumer's work: they end soon after the run was aborted. */
export class ShutdownWaits {
  readonly #endings = new Endings();
  #what = "";
  #cancelTimer: (() => void) | undefined;

  /** Waits for `work`, which is left behind when it goes on for too long after an abort. One wait at a time. */
  until<R>(work: PromiseLike<R>, what: string): Promise<R> {
    this.#what = what;
    return withTimeLimit(Promise.resolve(work), { what, endings: this.#endings });
  }

  /** The run was aborted. What it still waits for after so long is told to `leave`, whose error ends the wait. */
  endIn(delayMs: number, leave: (what: string) => Error): void {
    this.#cancelTimer = startTimer(delayMs, () => this.#endings.giveUpAll(() => leave(this.#what)));
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
