/** Tells streams that a table may have new events. */
export interface StreamWatcher {
  /**
   * Calls `onWake` whenever there may be new events; too often does no harm, too seldom only delays. Returns a function
   * that ends it.
   */
  subscribe(onWake: () => void): () => void;
}

/** A {@link StreamWatcher} that is told of every committed insert of its table in this process. */
export interface EventsNotifier extends StreamWatcher {
  /** Called after an insert was committed. What it throws is reported and fails nothing. */
  notify(): void;
}

/** Wakes the streams of this process. Events of other processes are found by the table's `wake` option. */
export function inMemoryNotifier(): EventsNotifier {
  const wakes = new Set<() => void>();
  return {
    subscribe(onWake) {
      // A subscription of its own, so that one function may subscribe twice.
      const wake = (): void => onWake();
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    notify() {
      for (const wake of wakes) wake();
    },
  };
}
