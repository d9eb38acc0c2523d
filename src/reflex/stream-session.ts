import { AbortFan } from "../waiting/abort.ts";
import { isAtOrBeyond, isSameCursor } from "./cursor.ts";
import type { ReflexEvent } from "./event.ts";
import { EventHandler, type EventHandlerSource } from "./event-handler.ts";
import { isExpected } from "./expected.ts";
import type { Told } from "./observer.ts";
import type { OutageTelling } from "./outage-telling.ts";
import { isPaged } from "./paged-stream.ts";
import { joinPool } from "./pool-sum.ts";
import type { PoolUse } from "./pool-use.ts";
import type { RunMemory } from "./run-memory.ts";
import type { RunProgress } from "./run-progress.ts";
import { ASKED, type RunRequests } from "./run-requests.ts";
import type { StatusKeeper } from "./run-status.ts";
import type { Spec } from "./spec.ts";
import type { EventStream, StreamOptions } from "./stream.ts";

export interface StreamSessionSource<T extends number> extends Omit<EventHandlerSource<T>, "spec" | "halting"> {
  readonly spec: Spec<T>;
  readonly memory: RunMemory;
  readonly requests: RunRequests;
  readonly status: StatusKeeper;
  readonly progress: RunProgress;
  readonly told: Told;
  readonly outages: OutageTelling;
}

/** One stream of a run, from the consumer's cursor until it ends or gives way to a request. */
export class StreamSession<T extends number> {
  readonly #source: StreamSessionSource<T>;
  /** Aborted at the abort of the run, and when the stream gives way: the consumer's own signal is not aborted then. */
  readonly #ending = new AbortController();
  readonly #handler: EventHandler<T>;
  readonly #leavePools: (() => void)[] = [];
  #stream: EventStream<T> | undefined;

  constructor(source: StreamSessionSource<T>) {
    this.#source = source;
    this.#handler = new EventHandler<T>({ ...source, halting: this.#ending.signal });
  }

  /** Resolves with whether the stream has ended by itself, and not since something was asked of the consumer. */
  async execute(): Promise<boolean> {
    const { memory, context } = this.#source;
    const fan = new AbortFan(context.signal);
    fan.listen(() => this.#end(fan.reason));
    try {
      await this.#deliver(await this.#open());
      // A stream of the user's own may simply end at an abort.
      this.#ending.signal.throwIfAborted();
      this.#source.outages.goesOn();
      return true;
    } catch (error) {
      const { signal } = this.#ending;
      if (context.signal.aborted || !isExpected(error, signal)) throw error;
      if (signal.reason === ASKED) return false;
      throw signal.reason;
    } finally {
      fan.close();
      if (this.#handler.passed !== undefined) memory.passed(this.#handler.passed);
    }
  }

  async close(): Promise<void> {
    this.#handler.close();
    for (const leave of this.#leavePools) leave();
    await this.#stream?.close();
  }

  /** Counts the run among those who use this pool: it may be too small for all of them together. */
  #join(pool: PoolUse | undefined, handlerOf?: string): void {
    const { reporting } = this.#source;
    const user = handlerOf === undefined ? { reporting } : { reporting, handlerOf };
    if (pool !== undefined) this.#leavePools.push(joinPool(pool, user));
  }

  /** Lets the event at hand be finished, and ends the stream. */
  #end(reason: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#handler.halt();
    this.#ending.abort(reason);
  }

  async #open(): Promise<EventStream<T>> {
    const { spec, memory, progress, told } = this.#source;
    const { signal } = this.#ending;
    this.#join(spec.cursors.pool);
    const reading = memory.read(spec.cursors, spec.consumer.name, { signal });
    const place = await progress.step("its cursor to be read", "store", reading);
    memory.opened(place);
    progress.at(place.cursor);
    const options: StreamOptions = { ...spec.options, ...told, signal, position: place.position };
    // A run with a cursor says `fromHead: false` explicitly. A `fromHead` among the stream's own options would make it
    // pass by what came since the cursor.
    const stream = spec.stream(place.cursor, place.cursor === "" ? options : { ...options, fromHead: false });
    this.#stream = stream;
    progress.opens(stream);
    // The consumer most likely works with the pool of its stream.
    this.#join(stream.pool, spec.consumer.name);
    const start = await progress.step("its stream to be opened", "stream", stream.start());
    if (place.cursor !== "") return stream;
    await progress.step("its first cursor to be written", "store", this.#keepStart(stream, start));
    progress.at(start);
    return stream;
  }

  /**
   * Writes the start as the cursor, before the first event. Without it, a restart from the head would pass by events that
   * were never consumed.
   */
  async #keepStart({ anchor }: EventStream<T>, start: string): Promise<void> {
    const { cursors, consumer } = this.#source.spec;
    const { signal } = this.#ending;
    const event = anchor !== undefined && isSameCursor(anchor.id, start) ? anchor : undefined;
    if (start !== "")
      await cursors.setCursor(consumer.name, start, event === undefined ? { signal } : { event, signal });
    await cursors.flush({ consumer: consumer.name, signal });
  }

  async #deliver(stream: EventStream<T>): Promise<void> {
    const { requests, status, progress, outages } = this.#source;
    const unwatch = requests.watch({
      table: stream.table,
      requested: () => {
        // variant place: a request ends the wait for events
        this.#end(ASKED);
      },
      lost: (error) => this.#end(error),
    });
    progress.begins(this.#handler);
    status.enter("streaming");
    outages.streams();
    try {
      await (isPaged(stream) ? this.#deliverBatches(stream) : this.#deliverEach(stream));
    } finally {
      unwatch();
    }
  }

  async #deliverEach(stream: EventStream<T>): Promise<void> {
    for await (const event of stream) {
      await this.#handle([event]);
      this.#source.progress.waits();
    }
  }

  async #deliverBatches(stream: EventStream<T>): Promise<void> {
    for await (const events of stream.batches()) {
      await this.#handle(events);
      this.#source.progress.waits();
      // This array is a copy that nobody else has, so it may be emptied. The promise that brought it may have waited
      // for long, and V8 then keeps what it resolved with for long.
      // variant place: run lets go of its batch
      (events as ReflexEvent<T>[]).length = 0;
    }
  }

  #handle(events: readonly ReflexEvent<T>[]): Promise<void> {
    const { skip } = this.#source.requests;
    return skip === undefined ? this.#handler.handleAll(events) : this.#handleAround(skip.to, events);
  }

  /** Handles all events but the one that is to be skipped, if it is among them. */
  async #handleAround(skipped: string, events: readonly ReflexEvent<T>[]): Promise<void> {
    const { requests, progress } = this.#source;
    const { signal } = this.#ending;
    const index = events.findIndex(({ id }) => isAtOrBeyond(id, skipped));
    await this.#handler.handleAll(index < 0 ? events : events.slice(0, index));
    const event = events[index];
    if (event === undefined) return;
    signal.throwIfAborted();
    let rest = index;
    const isThere = isSameCursor(event.id, skipped);
    const answering = isThere ? requests.leaveOut(event, signal) : requests.refuseSkip(signal).then(() => false);
    if (await progress.step("a request to be answered", "store", answering)) {
      this.#handler.pass(event);
      rest++;
    }
    await this.#handler.handleAll(events.slice(rest));
  }
}
