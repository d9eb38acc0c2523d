import type { ReflexEvent } from "../../reflex/event.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { sleep } from "../../waiting/sleep.ts";
import type { Feed, Page } from "./feed.ts";

export interface LagOptions {
  readonly lagMs: number;
  /** The server's clock, in ms since 1970. */
  readonly readClock: () => Promise<number>;
  readonly signal: AbortSignal;
}

/** Holds events back until they are old enough by the server's clock, on their way from the feed to the stream. */
export class LaggedFeed<T extends number> implements Feed<T> {
  readonly #feed: Feed<T>;
  readonly #options: LagOptions;
  #rest: Page<T> | undefined;
  /** What is to be added to this process's monotonic clock to get the server's clock, in ms. */
  #offsetMs = 0;

  constructor(feed: Feed<T>, options: LagOptions) {
    this.#feed = feed;
    this.#options = options;
  }

  get anchor(): ReflexEvent<T> | undefined {
    return this.#feed.anchor;
  }

  start(): Promise<string> {
    return this.#feed.start();
  }

  async next(): Promise<Page<T> | undefined> {
    const page = this.#rest ?? (await this.#load());
    this.#rest = undefined;
    if (page === undefined) return undefined;
    const [first] = page.events;
    if (first !== undefined) await this.#untilOld(first);
    return this.#oldEnough(page);
  }

  async whySlow(): Promise<WaitCause | undefined> {
    return this.#feed.whySlow?.();
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  async #load(): Promise<Page<T> | undefined> {
    const page = await this.#feed.next();
    if (page !== undefined && page.events.length > 0) {
      this.#offsetMs = (await this.#options.readClock()) - performance.now();
    }
    return page;
  }

  /** Waits until the event is old enough. A timer may fire a millisecond early, so that the age is asked for again after it. */
  async #untilOld(event: ReflexEvent): Promise<void> {
    for (let waitMs = this.#youngMs(event); waitMs > 0; waitMs = this.#youngMs(event)) {
      await sleep(Math.ceil(waitMs), { signal: this.#options.signal });
    }
  }

  /** The part of the page that may be handed over; keeps the rest. The first event is old enough by now. */
  #oldEnough(page: Page<T>): Page<T> {
    const young = page.events.findIndex((event, index) => index > 0 && this.#youngMs(event) > 0);
    if (young === -1) return page;
    this.#rest = { events: page.events.slice(young), position: page.position };
    const events = page.events.slice(0, young);
    return { events, position: events.at(-1)?.id ?? page.position };
  }

  #youngMs(event: ReflexEvent): number {
    return event.timestampMicros / 1000 + this.#options.lagMs - (performance.now() + this.#offsetMs);
  }
}
