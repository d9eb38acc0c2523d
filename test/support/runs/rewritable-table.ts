import type { EventStream, ReflexEvent, StreamFunc, StreamOptions } from "reflex-rsql";
import { type MockStream, mockStream } from "reflex-rsql/testing";

/** Events in memory that can be replaced by others with the same ids, as a table is that was truncated or restored. */
export class RewritableTable {
  /** The cursors and options with which streams were opened, in order. */
  readonly opened: (StreamOptions & { readonly after: string })[] = [];
  /** How many of its streams are open. */
  open = 0;
  #events: MockStream;

  constructor(...foreignIds: readonly string[]) {
    this.#events = mockStream(foreignIds.map((foreignId) => ({ foreignId })));
  }

  /** Events with these foreign ids take the place of all others. */
  rewrite(...foreignIds: readonly string[]): void {
    this.#events = mockStream(foreignIds.map((foreignId) => ({ foreignId })));
  }

  push(...foreignIds: readonly string[]): void {
    this.#events.push(...foreignIds.map((foreignId) => ({ foreignId })));
  }

  event(id: string): ReflexEvent {
    const event = this.#events.events.find((one) => one.id === id);
    if (event === undefined) throw new Error(`there is no event ${id}`);
    return event;
  }

  readonly stream: StreamFunc = (after, options): EventStream => {
    this.opened.push({ after, ...options });
    const stream = this.#events(after, options);
    const close = stream.close.bind(stream);
    this.open++;
    let closed = false;
    stream.close = () => {
      if (!closed) this.open--;
      closed = true;
      return close();
    };
    return stream;
  };
}
