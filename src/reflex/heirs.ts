/** Someone who is told of the same as others. */
interface Heir<H> {
  /** Whether it tells the same people. */
  isSame(other: H): boolean;
}

/** Those who are told instead of someone who has nobody to tell. Each is told once, however often it was added. */
export class Heirs<H extends Heir<H>> implements Iterable<H> {
  readonly #counts = new Map<H, number>();

  get size(): number {
    return this.#counts.size;
  }

  /** Adds an heir, until the function is called that it returns. */
  add(heir: H): () => void {
    const kept = [...this].find((one) => one.isSame(heir)) ?? heir;
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1);
    let ended = false;
    return () => {
      if (!ended) this.#remove(kept);
      ended = true;
    };
  }

  [Symbol.iterator](): Iterator<H> {
    return this.#counts.keys();
  }

  #remove(heir: H): void {
    const left = (this.#counts.get(heir) ?? 1) - 1;
    if (left === 0) this.#counts.delete(heir);
    else this.#counts.set(heir, left);
  }
}
