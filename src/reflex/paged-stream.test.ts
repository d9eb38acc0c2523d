import { expect, test } from "vitest";
import { declarePaged, isPaged } from "./paged-stream.ts";
import type { EventStream } from "./stream.ts";

class Stream {
  next(): Promise<unknown> {
    return Promise.resolve({ done: true, value: undefined });
  }
}

// Catches a run that reads past what a user's wrapper does to each event, a filter for example.
test.each(["next", "batches", Symbol.asyncIterator])(
  "only the declared stream itself may be read by the page, and not once its %s was patched",
  (name) => {
    const stream = new Stream() as unknown as EventStream;
    expect(isPaged(stream)).toBe(false);
    declarePaged(stream);
    expect(isPaged(stream)).toBe(true);
    expect(isPaged({ ...stream })).toBe(false);
    expect(isPaged(Object.create(stream) as EventStream)).toBe(false);
    expect(isPaged(new Proxy(stream, {}))).toBe(false);
    Object.assign(stream, { [name]: () => Promise.resolve({ done: true, value: undefined }) });
    expect(isPaged(stream)).toBe(false);
  },
);
