/** Where one stream is: its cursor, as a number. */
export interface StreamPosition {
  position: bigint;
}

/** Where the streams of one reader are. */
export class StreamPositions {
  readonly #places = new Set<StreamPosition>();

  /** How many streams there are. */
  get size(): number {
    return this.#places.size;
  }

  /** Adds a stream, which keeps its position up to date, and calls {@link leave} when it ends. */
  join(place: StreamPosition): void {
    this.#places.add(place);
  }

  leave(place: StreamPosition): void {
    this.#places.delete(place);
  }

  /** Whether a stream other than `except` is before the event with this id, by at most `reach` ids. */
  anyBehind(id: bigint, reach: bigint, except: StreamPosition): boolean {
    for (const place of this.#places) {
      if (place !== except && place.position < id && id - place.position <= reach) return true;
    }
    return false;
  }
}
