import { abortReason } from "./abort.ts";

interface Wait<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/**
 * The outcome of work for which many wait, and any of them may stop to wait. A promise keeps what each has attached to it until
 * the work is done, which may take hours; this keeps nothing of those who have left.
 */
export class SharedOutcome<T> {
  readonly #waits = new Set<Wait<T>>();
  /** The work once it is done: a promise that is settled keeps nothing. */
  #done: Promise<T> | undefined;

  constructor(work: Promise<T>) {
    work.then(
      (value) => this.#settle(work, (wait) => wait.resolve(value)),
      (error: Error) => this.#settle(work, (wait) => wait.reject(error)),
    );
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Settles as the work does. Rejects with the signal's reason at an abort. */
  wait(signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (this.#done !== undefined) return this.#done;
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        this.#waits.delete(wait);
        signal.removeEventListener("abort", onAbort);
      };
      const wait: Wait<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => wait.reject(abortReason(signal));
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waits.add(wait);
    });
  }

  #settle(work: Promise<T>, settle: (wait: Wait<T>) => void): void {
    this.#done = work;
    for (const wait of this.#waits) settle(wait);
  }
}
