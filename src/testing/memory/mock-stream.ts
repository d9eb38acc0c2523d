import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import {
  aBoolean,
  aFiniteDuration,
  aLogger,
  anyText,
  aSignal,
  checkOptions,
  type OptionChecks,
} from "../../options/check-options.ts";
import { parseIntCursor } from "../../reflex/cursor.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionAt } from "../../reflex/event-position.ts";
import { anObserver } from "../../reflex/observer-check.ts";
import type { EventStream, StreamOptions } from "../../reflex/stream.ts";
import { makeEvent } from "../../tables/events/make-event.ts";
import type { Feed } from "../../tables/stream/feed.ts";
import { LaggedFeed } from "../../tables/stream/lagged-feed.ts";
import { TableStream } from "../../tables/stream/table-stream.ts";
import { checkParts, makeTestEvent, type TestEventParts } from "./make-test-event.ts";
import { MockFeed, type MockSource } from "./mock-feed.ts";

/** How the streams of {@link mockStream} behave. */
export interface MockStreamOptions {
  /** What each stream rejects with once it has delivered all events, with `toHead` too. @defaultValue none, it goes on */
  error?: unknown;
  /** How long each event takes to come, in ms; they then come one by one. @defaultValue 0 */
  delayMs?: number | undefined;
}

/** What {@link mockStream} makes: the `stream` of a spec, and the hand that feeds it. */
export interface MockStream<T extends number = number> {
  (after: string, options?: StreamOptions): EventStream<T>;
  /** All events so far. */
  readonly events: readonly ReflexEvent<T>[];
  /** Adds events, which streams that wait for more deliver now. Returns them, with their ids. */
  push(...events: readonly (ReflexEvent<T> | TestEventParts<T>)[]): readonly ReflexEvent<T>[];
}

const streamChecks: OptionChecks<StreamOptions> = {
  lagMs: aFiniteDuration,
  fromHead: aBoolean,
  toHead: aBoolean,
  position: anyText,
  observer: anObserver,
  logger: aLogger,
  signal: aSignal,
};
const mockChecks: OptionChecks<MockStreamOptions> = { error: () => undefined, delayMs: aFiniteDuration };

/**
 * Streams of events in memory, for tests of what consumes them. They do what streams of a table do: resume after a cursor,
 * end at the head with `toHead`, honour `fromHead`, `lagMs` and the signal, and else wait at the end for {@link
 * MockStream.push}. A wait does not keep the process alive.
 *
 * Events are given as a whole or by the parts that matter, see {@link makeTestEvent}; those without an id get the next.
 * @throws TypeError or RangeError `invalid_argument` for ids that don't ascend, or for parts that make no event.
 * @example
 * const stream = mockStream([{ type: OrderEvent.Placed, foreignId: "o-1" }, { type: OrderEvent.Paid, foreignId: "o-1" }]);
 * await run({ stream, cursors: memoryCursorStore(), consumer: mailer, options: { toHead: true } });
 * assert.deepEqual(sent, ["o-1"]);
 */
export function mockStream<T extends number = number>(
  events: readonly (ReflexEvent<T> | TestEventParts<T>)[] = [],
  options: MockStreamOptions = {},
): MockStream<T> {
  if (!Array.isArray(events)) {
    throw typeMistake("invalid_argument", `mockStream takes an array of events, found ${show(events)}`);
  }
  const { error, delayMs = 0 } = checkOptions("mockStream", options, mockChecks);
  const all: ReflexEvent<T>[] = [];
  const wakers = new Set<() => void>();
  const source: MockSource<T> = {
    events: all,
    error,
    delayMs,
    more: () => new Promise((resolve) => wakers.add(resolve)),
  };
  const push = (...added: readonly (ReflexEvent<T> | TestEventParts<T>)[]): readonly ReflexEvent<T>[] => {
    const made = toEvents(added, all.at(-1));
    all.push(...made);
    for (const wake of wakers) wake();
    wakers.clear();
    return made;
  };
  push(...events);
  const open = (after: string, streamOptions?: StreamOptions): EventStream<T> =>
    openStream(source, after, streamOptions);
  return Object.assign(open, { push, events: all });
}

function openStream<T extends number>(
  source: MockSource<T>,
  after: string,
  streamOptions: StreamOptions | undefined,
): EventStream<T> {
  const { lagMs = 0, signal, fromHead, toHead, position } = checkOptions("a stream", streamOptions, streamChecks);
  const cursor = parseIntCursor(after);
  const expected = fromHead === true ? undefined : positionAt(after, position);
  const open = (ending: AbortSignal): Feed<T> => {
    const feed = new MockFeed<T>(source, { after: cursor, expected, fromHead, toHead, signal: ending });
    if (lagMs === 0) return feed;
    return new LaggedFeed(feed, { lagMs, signal: ending, readClock: () => Promise.resolve(Date.now()) });
  };
  return new TableStream<T>({ after: String(cursor), table: undefined, signal, open });
}

function toEvents<T extends number>(
  added: readonly (ReflexEvent<T> | TestEventParts<T>)[],
  last: ReflexEvent<T> | undefined,
): ReflexEvent<T>[] {
  let previous = BigInt(last?.id ?? 0);
  return added.map((given) => {
    checkParts(given);
    const event = isEvent(given) ? checkedEvent(given) : makeTestEvent<T>({ ...given, id: given.id ?? previous + 1n });
    const id = parseIntCursor(event.id);
    if (id <= previous) {
      throw rangeMistake("invalid_argument", `the ids of a mock stream must ascend, found ${id} after ${previous}`);
    }
    previous = id;
    return event;
  });
}

/** Parts of an event have one time, an event has it in both forms. */
function isEvent<T extends number>(given: ReflexEvent<T> | TestEventParts<T>): given is ReflexEvent<T> {
  return given.timestamp !== undefined && given.timestampMicros !== undefined && typeof given.id === "string";
}

function checkedEvent<T extends number>(event: ReflexEvent<T>): ReflexEvent<T> {
  const { id, type, foreignId, timestampMicros, metadata, trace } = event;
  makeEvent<T>({ id, type, foreignId, timestampMicros, metadata, trace });
  return event;
}
