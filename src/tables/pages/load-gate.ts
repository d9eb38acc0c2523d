/** How many ids a load may be behind the load whose turn it is, and go first: the streams of both soon read the same pages. */
export const NEAR = 100_000n;
// How many loads may go before the one whose turn it is.
export const MOST_BEFORE = 50;

interface WaitingLoad {
  readonly position: bigint;
  readonly go: () => void;
  /** How many loads have gone before this one out of their turn. */
  passedOver: number;
}

/**
 * Lets at most so many loads of pages run at a time. The others wait in the order in which they came, with one exception:
 * a load that is a little behind the first goes before it. Streams that go through the same events at a small distance
 * would read each page once for each of them, for ever. Once those behind have caught up, the streams share each page.
 */
export class LoadGate {
  #free: number;
  readonly #queue: WaitingLoad[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Runs a load of what follows `position` as soon as it may. */
  async run<R>(position: bigint, load: () => Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#queue.push({ position, go, passedOver: 0 }));
    try {
      return await load();
    } finally {
      const next = this.#takeNext();
      if (next === undefined) this.#free++;
      else next.go();
    }
  }

  #takeNext(): WaitingLoad | undefined {
    const [first] = this.#queue;
    if (first === undefined) return undefined;
    let chosen = first;
    for (const waiting of first.passedOver < MOST_BEFORE ? this.#queue : []) {
      if (first.position - waiting.position < NEAR && waiting.position < chosen.position) chosen = waiting;
    }
    if (chosen !== first) first.passedOver++;
    this.#queue.splice(this.#queue.indexOf(chosen), 1);
    return chosen;
  }
}
