interface Entry<Value> {
  readonly value: Value;
  users: number;
}

/** Values that several users share: each is made for its first user, and given up by its last. */
export class CountedRegistry<Key, Value> {
  readonly #entries = new Map<Key, Entry<Value>>();

  /** How many values are in use. */
  get size(): number {
    return this.#entries.size;
  }

  /** The values in use, in the order in which they were made. */
  get values(): Value[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  /**
   * Counts one more user of the value of `key`. If there is no such value yet, `make` makes it. The user calls {@link
   * release} once.
   */
  acquire(key: Key, make: () => Value): Value {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { value: make(), users: 0 };
      this.#entries.set(key, entry);
    }
    entry.users++;
    return entry.value;
  }

  /**
   * Counts one user less. Returns the value if that user was its last: the caller then ends it, and the next user gets
   * a new one.
   */
  release(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || --entry.users > 0) return undefined;
    this.#entries.delete(key);
    return entry.value;
  }
}
