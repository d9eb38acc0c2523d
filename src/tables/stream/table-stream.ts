import { typeMistake } from "../../errors/reflex-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { declarePaged } from "../../reflex/paged-stream.ts";
import type { PoolUse } from "../../reflex/pool-use.ts";
import type { EventStream } from "../../reflex/stream.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { AbortFan } from "../../waiting/abort.ts";
import { Mutex } from "../../waiting/mutex.ts";
import { processBudget } from "../../waiting/work-budget.ts";
import type { Feed, Page } from "./feed.ts";

/** The pool of a stream. */
export interface StreamPool {
  readonly use: PoolUse;
  readonly shortage: () => WaitCause | undefined;
}

export interface TableStreamSource<T extends number> {
  /** The cursor as it was given: the stream's position until it has started. */
  readonly after: string;
  /** The events table that the feed reads; undefined if it reads none. */
  readonly table: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called when the stream begins to read; what it returns is called when the stream has ended. */
  readonly begins?: (() => () => void) | undefined;
  /** The pool that the feed reads with; undefined if it needs none. */
  readonly pool?: StreamPool | undefined;
  /** Makes the feed; its signal is aborted when the stream ends. Called at the first read. */
  readonly open: (signal: AbortSignal) => Feed<T>;
}

// How many events are handed over at a time before the clock is looked at.
const EVENTS_A_LOOK = 64;

/** Marks the end by `close()`, at which a pending `next()` ends instead of rejecting. */
const CLOSED = new Error("the stream was closed");

/** Iteration over a feed: one reader, buffered pages, and an end that frees everything, whatever led to it. */
export class TableStream<T extends number> implements EventStream<T> {
  readonly #source: TableStreamSource<T>;
  readonly #ending = new AbortController();
  #fan: AbortFan | undefined;
  #feed: Feed<T> | undefined;
  #starting: Promise<string> | undefined;
  #left: (() => void) | undefined;
  #claimed = false;
  #ended = false;
  #freed: Promise<void> = Promise.resolve();
  #page: Page<T> | undefined;
  #index = 0;
  #asked = 0;
  /** The position before the page, if there is a page; else the stream's position. */
  #position: string;
  /** Held by one read after the other, in the order in which they were asked for. */
  readonly #turn = new Mutex();

  constructor(source: TableStreamSource<T>) {
    this.#source = source;
    this.#position = source.after;
    declarePaged(this);
  }

  get position(): string {
    // Keeping the position up to date with each event would cost as much as handing the event over.
    return this.#page?.events[this.#index - 1]?.id ?? this.#position;
  }

  get anchor(): ReflexEvent<T> | undefined {
    return this.#feed?.anchor;
  }

  get table(): string | undefined {
    return this.#source.table;
  }

  start(): Promise<string> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  [Symbol.asyncIterator](): this {
    this.#claim();
    return this;
  }

  next(): Promise<IteratorResult<ReflexEvent<T>>> {
    this.#asked++;
    const mayGoOn = !this.#turn.held && (this.#asked % EVENTS_A_LOOK !== 0 || !processBudget.spent);
    const event = mayGoOn ? this.#buffered() : undefined;
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    return this.#turn.run(async () => {
      if (processBudget.spent) await processBudget.renew();
      for (;;) {
        const value = this.#buffered();
        if (value !== undefined) return { done: false, value };
        if (!(await this.#load())) return { done: true, value: undefined };
      }
    });
  }

  batches(): AsyncIterableIterator<readonly ReflexEvent<T>[]> {
    this.#claim();
    const next = (): Promise<IteratorResult<readonly ReflexEvent<T>[]>> =>
      this.#turn.run(async () => {
        for (;;) {
          if (!(await this.#load())) return { done: true, value: undefined };
          // The caller gets a copy: other streams hand over the same page.
          const value = this.#page?.events.slice() ?? [];
          this.#finishPage();
          if (value.length > 0) return { done: false, value };
        }
      });
    const iterator: AsyncIterableIterator<readonly ReflexEvent<T>[]> = {
      next,
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async return(): Promise<IteratorResult<ReflexEvent<T>>> {
    await this.close();
    return { done: true, value: undefined };
  }

  async whySlow(): Promise<WaitCause | undefined> {
    return this.#feed?.whySlow?.();
  }

  get pool(): PoolUse | undefined {
    return this.#source.pool?.use;
  }

  shortage(): WaitCause | undefined {
    return this.#source.pool?.shortage();
  }

  close(): Promise<void> {
    return this.#end(CLOSED);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #claim(): void {
    if (this.#claimed) {
      throw typeMistake("invalid_argument", "this stream has a reader already; open another stream for another reader");
    }
    this.#claimed = true;
  }

  async #start(): Promise<string> {
    const fan = new AbortFan(this.#source.signal);
    this.#fan = fan;
    fan.listen(() => {
      this.#leavePage();
      this.#ending.abort(fan.reason);
    });
    this.#ending.signal.throwIfAborted();
    this.#left = this.#source.begins?.();
    this.#feed = this.#source.open(this.#ending.signal);
    try {
      this.#position = await this.#feed.start();
      return this.#position;
    } catch (error) {
      await this.#end(error);
      throw error;
    }
  }

  #buffered(): ReflexEvent<T> | undefined {
    if (this.#page === undefined) return undefined;
    const event = this.#page.events[this.#index];
    if (event === undefined) {
      this.#finishPage();
      return undefined;
    }
    this.#index++;
    if (this.#index === this.#page.events.length) this.#finishPage();
    return event;
  }

  #leavePage(): void {
    this.#position = this.position;
    this.#page = undefined;
  }

  #finishPage(): void {
    if (this.#page !== undefined) {
      this.#position = this.#page.position;
      // The promise that brought the page may keep it for long.
      // variant place: a stream lets go of its page
      this.#page.events = [];
    }
    this.#page = undefined;
    this.#index = 0;
  }

  /** Gets the next page. False at the end; rejects with what ended the stream, once. */
  async #load(): Promise<boolean> {
    if (this.#ended) return false;
    try {
      await this.start();
      this.#ending.signal.throwIfAborted();
      this.#page = await this.#feed?.next();
      if (this.#page !== undefined) return true;
      await this.#end(CLOSED);
      return false;
    } catch (error) {
      await this.#end(error);
      if (error === CLOSED) return false;
      throw error;
    }
  }

  /** Resolves once all connections are given back, so that the pool can be ended. */
  #end(reason: unknown): Promise<void> {
    if (this.#ended) return this.#freed;
    this.#ended = true;
    this.#fan?.close();
    this.#ending.abort(reason);
    this.#freed = (this.#feed?.close() ?? this.#freed).finally(this.#left);
    this.#leavePage();
    return this.#freed;
  }
}
