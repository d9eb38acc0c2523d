import type { EventStream } from "./stream.ts";

const paged = new WeakSet<object>();
const READS = ["next", "batches", Symbol.asyncIterator];

/** Declares that `batches()` of this stream gives exactly the events that its iteration gives. */
export function declarePaged<T extends number>(stream: EventStream<T>): void {
  paged.add(stream);
}

/**
 * Whether the stream may be read by the page. Not if it is another object that wraps such a stream, or one whose
 * methods were replaced: what those change would be passed by.
 */
export function isPaged<T extends number>(stream: EventStream<T>): boolean {
  return paged.has(stream) && !READS.some((name) => Object.hasOwn(stream, name));
}
