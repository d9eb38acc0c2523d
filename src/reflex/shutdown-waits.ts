import { Endings, withTimeLimit } from "../waiting/time-limit.ts";
import { startTimer } from "../waiting/timer.ts";

/**
 * A run's waits for work that only its user can end, such as a consumer's. Once the run was aborted, such a wait ends
 * soon, even if the work does not.
 */
export class ShutdownWaits {
  readonly #endings = new Endings();
  #what = "";
  #cancelTimer: (() => void) | undefined;

  /**
   * Waits for `work`. If it goes on for too long after an abort, it is left behind. Only one wait is under way at a
   * time.
   */
  until<R>(work: PromiseLike<R>, what: string): Promise<R> {
    this.#what = what;
    return withTimeLimit(Promise.resolve(work), { what, endings: this.#endings });
  }

  /**
   * Tells that the run was aborted. `leave` is told of the wait that is still under way after `delayMs`, and its error
   * ends that wait.
   */
  endIn(delayMs: number, leave: (what: string) => Error): void {
    this.#cancelTimer = startTimer(delayMs, () => this.#endings.giveUpAll(() => leave(this.#what)));
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
