/**
 * The reason of an aborted signal, as it was given: an `Error` by custom, so it is typed as one, but never wrapped when
 * it is not.
 */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason as Error;
}

/** Throws the reason of `signal` if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

/**
 * One listener on the user's signal, fanned out to any number inside: eleven listeners on one signal would make Node.js
 * print a MaxListenersExceededWarning. `close()` removes it.
 */
export class AbortFan {
  readonly #listeners = new Set<() => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => {
    for (const listener of this.#listeners) listener();
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get aborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** The reason of the abort; only meaningful once {@link aborted}. */
  get reason(): unknown {
    return this.#signal === undefined ? undefined : abortReason(this.#signal);
  }

  /** Calls `listener` at the abort; at once if it has happened. Returns a function that takes it back. */
  listen(listener: () => void): () => void {
    if (this.aborted) {
      listener();
      return () => undefined;
    }
    // A function of its own for each call: one that listens twice would otherwise be one entry of the set.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#listeners.clear();
  }
}
