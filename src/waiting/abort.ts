/**
 * The reason of an aborted signal, exactly as it was given. It is an `Error` by custom, and typed as one. Another value
 * is not wrapped in an error.
 */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason as Error;
}

/**
 * What this library has registered on one signal: a single listener, which calls the listeners of everyone in this
 * library who waits for the abort.
 */
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
 * One listener on the user's signal, which passes the abort on to any number of listeners inside the library. All fans
 * of one signal share that one listener, whatever stream or run they belong to: with eleven listeners on a signal
 * Node.js would print a MaxListenersExceededWarning. `close()` takes the listener off.
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

  /** The reason of the abort. It is meaningful only once the signal is {@link aborted}. */
  get reason(): unknown {
    return this.#signal === undefined ? undefined : abortReason(this.#signal);
  }

  /**
   * Calls `listener` at the abort, or at once if the signal is aborted already. Returns a function that takes the
   * listener off.
   */
  listen(listener: () => void): () => void {
    if (this.aborted) {
      listener();
      return () => undefined;
    }
    // Each call registers a function of its own: the set would hold the same function only once, though it was
    // registered twice.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  close(): void {
    if (this.#signal !== undefined) leave(this.#signal, this.#onAbort);
    this.#listeners.clear();
  }
}
