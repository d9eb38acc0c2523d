import { startTimer } from "../../waiting/timer.ts";

export interface CursorTimerOptions {
  readonly periodMs: number;
  /** Waits in place of a timer; undefined for a timer. */
  readonly sleep: ((delayMs: number) => Promise<void>) | undefined;
  fire(): void;
  /** Told when `sleep` fails. A timer is used in its place then. */
  sleepFailed(error: unknown): void;
}

/** Fires once, a period after it was started. Then it can be started again. It does not keep the process alive. */
export class CursorTimer {
  readonly #options: CursorTimerOptions;
  #cancel: (() => void) | undefined;

  constructor(options: CursorTimerOptions) {
    this.#options = options;
  }

  /** Starts the period. Does nothing while one is under way. */
  start(): void {
    if (this.#cancel !== undefined) return;
    const { sleep } = this.#options;
    this.#cancel = sleep === undefined ? this.#startTimer() : this.#startSleep(sleep);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #startTimer(): () => void {
    return startTimer(this.#options.periodMs, () => this.#fire(), { keepAlive: false });
  }

  #startSleep(sleep: (delayMs: number) => Promise<void>): () => void {
    let cancelled = false;
    const slept = (async () => sleep(this.#options.periodMs))();
    void slept.then(
      () => (cancelled ? undefined : this.#fire()),
      (error: unknown) => {
        if (cancelled) return;
        this.#cancel = this.#startTimer();
        this.#options.sleepFailed(error);
      },
    );
    return () => {
      cancelled = true;
    };
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#options.fire();
  }
}
