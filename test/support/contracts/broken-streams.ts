import type { ReflexEvent } from "../../../src/reflex/event.ts";
import type { EventStream, StreamFunc, StreamOptions } from "../../../src/reflex/stream.ts";
import { type MockStream, mockStream } from "../../../src/testing/memory/mock-stream.ts";

type Next = () => Promise<IteratorResult<ReflexEvent>>;

/** A stream that does what `inner` does, but for some members. */
function changed(inner: EventStream, members: (inner: EventStream) => object): EventStream {
  const changes = members(inner);
  return new Proxy(inner, {
    get: (_, name) => {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name) as unknown;
      const value = Reflect.get(inner, name, inner) as unknown;
      return typeof value === "function" ? (value.bind(inner) as unknown) : value;
    },
  });
}

/** Streams whose events go through `change`, one by one. */
function eachNext(change: (next: Next, inner: EventStream) => Next): Breakage {
  return (stream) => (after, options) =>
    changed(stream(after, options), (inner) => ({ next: change(() => inner.next(), inner) }));
}

export function withOptions(change: (options: StreamOptions) => StreamOptions): Breakage {
  return (stream) => (after, options) => stream(after, change(options ?? {}));
}

/** Makes a mock's streams wrong. */
export type Breakage = (stream: MockStream) => StreamFunc;

function mapped(map: (event: ReflexEvent) => ReflexEvent): Breakage {
  return eachNext((next) => async () => {
    const result = await next();
    return result.done === true ? result : { done: false, value: map(result.value) };
  });
}

/** Wrong streams, and the rule that tells each. */
export const brokenStreams: Readonly<Record<string, readonly [rule: string, Breakage]>> = {
  "skips an event": [
    "delivers every event once, in the order of ids",
    eachNext((next) => async () => {
      const result = await next();
      return result.done !== true && result.value.foreignId === "105" ? next() : result;
    }),
  ],
  "orders ids as text": [
    "delivers every event once, in the order of ids",
    (stream) => (after, options) => {
      const { events } = stream;
      return mockStream(events.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ foreignId }) => ({ foreignId })))(
        after,
        options,
      );
    },
  ],
  "gives ids with leading zeros": [
    "delivers every event once, in the order of ids",
    mapped((event) => ({ ...event, timestamp: event.timestamp, id: event.id.padStart(5, "0") })),
  ],
  "gives types as text": [
    "delivers events whose parts have the types that consumers rely on",
    mapped((event) => ({ ...event, timestamp: event.timestamp, type: "1" as unknown as number })),
  ],
  "gives null for no metadata": [
    "delivers events whose parts have the types that consumers rely on",
    mapped((event) => ({ ...event, timestamp: event.timestamp, metadata: null as unknown as undefined })),
  ],
  "hands out its own date": [
    "delivers the same events to each stream, though consumers freeze them",
    (stream) => {
      const dates = new Map<string, Date>();
      return mapped((event) => {
        const timestamp = dates.get(event.id) ?? event.timestamp;
        dates.set(event.id, timestamp);
        return { ...event, timestamp };
      })(stream);
    },
  ],
  "shares events between its streams": [
    "gives streams that run side by side all events each",
    (stream) => {
      const taken = new Set<string>();
      return eachNext((next) => async () => {
        for (;;) {
          const result = await next();
          if (result.done === true || !taken.has(result.value.id)) {
            if (result.done !== true) taken.add(result.value.id);
            return result;
          }
        }
      })(stream);
    },
  ],
  "ends at the head by itself": [
    "waits at the head, and delivers what is inserted then",
    withOptions((options) => ({ ...options, toHead: true })),
  ],
  "answers reads in any order": [
    "answers reads that are asked for at once in their order",
    eachNext((next) => {
      let reads = 0;
      const held: ReflexEvent[] = [];
      return async () => {
        if (++reads === 1) held.push(((await next()) as { value: ReflexEvent }).value);
        const result = await next();
        const value = reads >= 3 ? held.pop() : undefined;
        return value === undefined ? result : { done: false, value };
      };
    }),
  ],
  "gives empty batches": [
    "gives the same events by batches, none of them empty",
    (stream) => (after, options) =>
      changed(stream(after, options), (inner) => ({
        batches: async function* batches() {
          yield [];
          yield* inner.batches();
        },
      })),
  ],
  "lets two readers share it": [
    "is for one reader: a second iterator, or batches beside iteration, throws",
    (stream) => (after, options) =>
      changed(stream(after, options), (inner) => ({ [Symbol.asyncIterator]: () => inner })),
  ],
  "ignores lagMs": [
    "holds events back until they are as old as lagMs says",
    withOptions((options) => ({ ...options, lagMs: 0 })),
  ],
  'takes "" for the head': [
    'starts at the beginning for "" and for "0" alike',
    (stream) => (after, options) => stream(after, after === "" ? { ...options, fromHead: true } : options),
  ],
  "delivers the event at the cursor again": [
    "resumes after the id of any event",
    (stream) => (after, options) => stream(after === "" ? "" : String(Math.max(0, Number(after) - 1)), options),
  ],
  "has a position before what it has handed over": [
    "resumes by its position at the first event that it has not handed over",
    (stream) => (after, options) =>
      changed(stream(after, options), (inner) => ({
        get position() {
          return String(Math.max(0, Number(inner.position) - 1));
        },
      })),
  ],
  "opens when it is made": [
    "opens nothing before it is read: what is inserted until then is delivered with toHead",
    (stream) => (after, options) => {
      const opened = stream(after, options);
      opened.start().catch(() => undefined);
      return opened;
    },
  ],
  "tells nothing by start()": [
    "tells by start() the cursor that it starts after",
    (stream) => (after, options) =>
      changed(stream(after, options), (inner) => ({ start: async () => (await inner.start(), "0") })),
  ],
  "lets the cursor win over fromHead": [
    "delivers from the head only what is inserted after its start, whatever the cursor",
    (stream) => (after, options) => stream(after, after === "" ? options : { ...options, fromHead: false }),
  ],
  "looks for the head at the first read": [
    "starts from the head of an empty source at its first event",
    (stream) => (after, options) => changed(stream(after, options), () => ({ start: () => Promise.resolve("0") })),
  ],
  "goes to the head of the end": [
    "ends, with toHead, at the head of its start, though more is inserted",
    (stream) => (after, options) => changed(stream(after, options), () => ({ start: () => Promise.resolve("0") })),
  ],
  "never ends": [
    "ends at once, with toHead, when there is nothing to deliver",
    withOptions((options) => ({ ...options, toHead: false })),
  ],
  "wraps the reason of an abort before": [
    "rejects with the reason of a signal that was aborted before",
    eachNext((next) => () => next().catch((cause: unknown) => Promise.reject(new Error("aborted", { cause })))),
  ],
  "ignores an abort while it waits": [
    "rejects a next() that waits with the reason of the abort, then is at its end",
    withOptions(({ signal, ...options }) => (signal?.aborted === true ? { ...options, signal } : options)),
  ],
  "rejects again after an abort": [
    "rejects a next() that waits with the reason of the abort, then is at its end",
    eachNext((next) => {
      let first: Promise<unknown> | undefined;
      return async () => {
        const result = next();
        await first;
        first = result;
        return result;
      };
    }),
  ],
  "delivers what it has read after an abort": [
    "delivers nothing after an abort, though it has read more already",
    withOptions((options) => ({ ...options, signal: undefined })),
  ],
  "ends all streams at one abort": [
    "leaves other streams alone when one is aborted",
    (stream) => {
      const all = new AbortController();
      return (after, { signal, ...options } = {}) => {
        signal?.addEventListener("abort", () => all.abort(signal.reason));
        return stream(after, { ...options, signal: all.signal });
      };
    },
  ],
  "leaves a next() waiting at its close": [
    "ends a next() that waits when it is closed, and stays closed",
    eachNext((next) => async () => {
      const result = await next();
      return result.done === true ? new Promise(() => undefined) : result;
    }),
  ],
  "delivers what it has read after its close": [
    "delivers nothing after it is closed, though it has read more already",
    (stream) => (after, options) => changed(stream(after, options), () => ({ close: () => Promise.resolve() })),
  ],
  "stays open when its loop is left": [
    "closes when the loop over it is left",
    (stream) => (after, options) =>
      changed(stream(after, options), (inner) => ({
        [Symbol.asyncIterator]: () => ({ next: () => inner.next() }),
      })),
  ],
  "opens for a read after its close": [
    "can be closed without having been read, and when its scope is left",
    (stream) => (after, options) =>
      changed(stream(after, { ...options, toHead: false }), () => ({ [Symbol.asyncDispose]: () => Promise.resolve() })),
  ],
};
