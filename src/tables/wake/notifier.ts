/** Tells streams that a table may have new events. */
export interface StreamWatcher {
  /**
   * Calls `onWake` whenever there may be new events. To call it too often does no harm; to call it too seldom only
   * delays events. Returns a function that ends this.
   */
  subscribe(onWake: () => void): () => void;
}

/** A {@link StreamWatcher} that is told of every committed insert of its table in this process. */
export interface EventsNotifier extends StreamWatcher {
  /** Called after an insert was committed. What it throws is reported, and fails nothing. */
  notify(): void;
}

/**
 * Makes a notifier that wakes the streams of this process. Events of other processes are found by the table's option
 * `wake`.
 */
export function inMemoryNotifier(): EventsNotifier {
  const wakes = new Set<() => void>();
  return {
    subscribe(onWake) {
      // Each subscription is a function of its own, so that the same function may subscribe twice.
      const wake = (): void => onWake();
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    notify() {
      for (const wake of wakes) wake();
    },
  };
}
