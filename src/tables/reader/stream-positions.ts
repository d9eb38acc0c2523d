/** Where one stream is. */
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

  /** Adds a stream, which keeps its place up to date and leaves when it ends. */
  join(place: StreamPosition): void {
    this.#places.add(place);
  }

  leave(place: StreamPosition): void {
    this.#places.delete(place);
  }

  /** Whether another stream than this one is before the event with this id, but at most `reach` ids. */
  anyBehind(id: bigint, reach: bigint, except: StreamPosition): boolean {
    for (const place of this.#places) {
      if (place !== except && place.position < id && id - place.position <= reach) return true;
    }
    return false;
  }
}
