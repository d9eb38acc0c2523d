import type { EventStream } from "./stream.ts";

const paged = new WeakSet<object>();
const READS = ["next", "batches", Symbol.asyncIterator];

/** Declares that what `stream` gives by the page is just what it gives one at a time. */
export function declarePaged<T extends number>(stream: EventStream<T>): void {
  paged.add(stream);
}

/** Whether it may be read by the page. Not if it is another object, or one patched, that stands for such a stream. */
export function isPaged<T extends number>(stream: EventStream<T>): boolean {
  return paged.has(stream) && !READS.some((name) => Object.hasOwn(stream, name));
}
