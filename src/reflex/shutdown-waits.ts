import { startTimer } from "../waiting/timer.ts";

/** What is waited for and can be left behind. */
interface Wait {
  readonly what: string;
  readonly abandon: (reason: Error) => void;
}

/** A run's waits for what only its user can end, such as a consumer's work: they end soon after the run was aborted. */
export class ShutdownWaits {
  #wait: Wait | undefined;
  #cancelTimer: (() => void) | undefined;

  /** Waits for `work`, which is left behind when it goes on for too long after an abort. */
  until(work: PromiseLike<unknown>, what: string): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#wait = { what, abandon: reject };
      const settle = (finish: () => void): void => {
        this.#wait = undefined;
        finish();
      };
      work.then(
        () => settle(resolve),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** The run was aborted. What it still waits for after so long is told to `leave`, whose error ends the wait. */
  endIn(delayMs: number, leave: (what: string) => Error): void {
    this.#cancelTimer = startTimer(delayMs, () => {
      if (this.#wait !== undefined) this.#wait.abandon(leave(this.#wait.what));
    });
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
