/**
 * The reason of an aborted signal, as it was given: an `Error` by custom, so it is typed as one, but never wrapped when
 * it is not.
 */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason as Error;
}

/** What this library has on a signal: one listener, which calls those of everyone who waits for the abort. */
interface Shared {
  readonly listeners: Set<() => void>;
  readonly onAbort: () => void;
}

const shared = new WeakMap<AbortSignal, Shared>();

function join(signal: AbortSignal, listener: () => void): void {
  const known = shared.get(signal);
  if (known !== undefined) {
    known.listeners.add(listener);
    return;
  }
  const listeners = new Set([listener]);
  const onAbort = (): void => callAll(listeners);
  shared.set(signal, { listeners, onAbort });
  signal.addEventListener("abort", onAbort, { once: true });
}

function leave(signal: AbortSignal, listener: () => void): void {
  const known = shared.get(signal);
  if (known === undefined) return;
  known.listeners.delete(listener);
  if (known.listeners.size > 0) return;
  shared.delete(signal);
  signal.removeEventListener("abort", known.onAbort);
}

function callAll(listeners: ReadonlySet<() => void>): void {
  for (const listener of listeners) listener();
}

/**
 * One listener on the user's signal, fanned out to any number inside, of any number of streams and runs: eleven listeners
 * on one signal would make Node.js print a MaxListenersExceededWarning. `close()` leaves it.
 */
export class AbortFan {
  readonly #listeners = new Set<() => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => callAll(this.#listeners);

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    if (signal?.aborted === false) join(signal, this.#onAbort);
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
    if (this.#signal !== undefined) leave(this.#signal, this.#onAbort);
    this.#listeners.clear();
  }
}
