import type { ReflexEvent } from "../../reflex/event.ts";
import type { EventStream, StreamFunc, StreamOptions } from "../../reflex/stream.ts";
import { assertEqual, within } from "../tables/assertions.ts";

/** A source of streams, made anew for each case of `eventStreamContract`. */
export interface EventStreamSubject {
  /** Streams what `insert` inserts, and nothing else. */
  readonly stream: StreamFunc;
  /** Commits one event for each of these foreign ids, in this order, at the present time. They are texts of digits. */
  readonly insert: (foreignIds: readonly string[]) => Promise<unknown>;
  /** Frees what the subject holds, after its case. */
  [Symbol.asyncDispose]?(): PromiseLike<void>;
}

/** One case at work: what was inserted, and the streams that it has opened. */
export class EventStreamScene implements AsyncDisposable {
  /** The foreign ids of all events, in their order. */
  readonly inserted: string[] = [];
  readonly #subject: EventStreamSubject;
  readonly #patienceMs: number;
  readonly #opened: EventStream[] = [];

  constructor(subject: EventStreamSubject, patienceMs: number) {
    this.#subject = subject;
    this.#patienceMs = patienceMs;
  }

  /** Inserts events, with foreign ids that count on. */
  async insert(count: number): Promise<void> {
    const added = Array.from({ length: count }, (_, index) => String(101 + this.inserted.length + index));
    await this.within("the insert", this.#subject.insert(added));
    this.inserted.push(...added);
  }

  open(after: string, options?: StreamOptions): EventStream {
    const stream = this.#subject.stream(after, options);
    this.#opened.push(stream);
    return stream;
  }

  /** The events of a stream until it ends. */
  async rest(stream: EventStream): Promise<ReflexEvent[]> {
    const events: ReflexEvent[] = [];
    for (;;) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other is the point
      const result = await this.within("the next event or the end of the stream", stream.next());
      if (result.done === true) return events;
      events.push(result.value);
    }
  }

  /** All events after a cursor. */
  toHead(after = ""): Promise<ReflexEvent[]> {
    return this.rest(this.open(after, { toHead: true }));
  }

  async next(stream: EventStream): Promise<ReflexEvent> {
    const result = await this.within("the next event", stream.next());
    assertEqual(result.done ?? false, false, "done of a stream that has more events");
    return result.value as ReflexEvent;
  }

  async assertEnded(stream: EventStream, when: string): Promise<void> {
    const result = await this.within(`the end of a stream ${when}`, stream.next());
    assertEqual(result, { done: true, value: undefined }, `what next() gives ${when}`);
  }

  within<R>(what: string, work: Promise<R>): Promise<R> {
    return within(this.#patienceMs, what, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.within("the streams to close", Promise.allSettled(this.#opened.map((stream) => stream.close())));
    await this.#subject[Symbol.asyncDispose]?.();
  }
}

export function foreignIds(events: readonly ReflexEvent[]): string[] {
  return events.map((event) => event.foreignId);
}

/** Rules, each with how it is checked. */
export type StreamRules = Readonly<Record<string, (scene: EventStreamScene) => Promise<void>>>;
