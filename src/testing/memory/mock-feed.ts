import type { ReflexEvent } from "../../reflex/event.ts";
import { fitsPosition } from "../../tables/position/position.ts";
import { positionFault } from "../../tables/position/position-fault.ts";
import type { Feed, Page } from "../../tables/stream/feed.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";

/** What the streams of one mock share. */
export interface MockSource<T extends number> {
  readonly events: readonly ReflexEvent<T>[];
  /** Undefined for none. */
  readonly error: unknown;
  readonly delayMs: number;
  /** Resolves when events are added. */
  readonly more: () => Promise<void>;
}

export interface MockFeedOptions {
  readonly after: bigint;
  /** The position that was stored with the cursor; undefined if it is not known. */
  readonly expected: string | undefined;
  readonly fromHead: boolean | undefined;
  readonly toHead: boolean | undefined;
  readonly signal: AbortSignal;
}

/** One stream's way through the events of a mock. */
export class MockFeed<T extends number> implements Feed<T> {
  readonly #source: MockSource<T>;
  readonly #options: MockFeedOptions;
  #position = 0n;
  #target: bigint | undefined;
  #anchor: ReflexEvent<T> | undefined;

  constructor(source: MockSource<T>, options: MockFeedOptions) {
    this.#source = source;
    this.#options = options;
  }

  get anchor(): ReflexEvent<T> | undefined {
    return this.#anchor;
  }

  async start(): Promise<string> {
    const { after, fromHead, toHead } = this.#options;
    const head = BigInt(this.#source.events.at(-1)?.id ?? 0);
    this.#position = fromHead === true ? head : after;
    if (toHead === true) this.#target = head;
    this.#anchor = this.#eventAtCursor();
    return String(this.#position);
  }

  async next(): Promise<Page<T> | undefined> {
    const { error, delayMs, more } = this.#source;
    const { signal } = this.#options;
    for (;;) {
      const [first, ...others] = this.#due();
      if (first !== undefined) {
        if (delayMs > 0) await sleep(delayMs, { signal });
        return this.#page(delayMs > 0 ? [first] : [first, ...others], first);
      }
      if (error !== undefined) throw error as Error;
      if (this.#target !== undefined) return undefined;
      await withTimeLimit(more(), { signal, what: "more events" });
    }
  }

  /** It holds nothing. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #page(events: readonly ReflexEvent<T>[], first: ReflexEvent<T>): Page<T> {
    const { id } = events.at(-1) ?? first;
    this.#position = BigInt(id);
    return { events, position: id };
  }

  /** @throws ReflexError `history_rewritten` if it is another event than the position says */
  #eventAtCursor(): ReflexEvent<T> | undefined {
    const event = this.#source.events.find(({ id }) => BigInt(id) === this.#position);
    const { expected } = this.#options;
    const position = { id: this.#position, anchor: undefined, expected };
    if (event === undefined || fitsPosition(event, position)) return event;
    throw positionFault("history_rewritten", { table: "a mock stream", position, firstId: undefined });
  }

  #due(): ReflexEvent<T>[] {
    return this.#source.events.filter(({ id }) => {
      const number = BigInt(id);
      return number > this.#position && (this.#target === undefined || number <= this.#target);
    });
  }
}
