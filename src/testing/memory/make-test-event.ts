import { typeMistake } from "../../errors/reflex-error.ts";
import { show, showName } from "../../errors/show.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventParts, makeEvent } from "../../tables/events/make-event.ts";
import { isThenable } from "../../waiting/thenable.ts";

/** The parts of an event that matter to a test; the others have defaults. */
export interface TestEventParts<T extends number = number> extends Partial<EventParts<T>> {
  /** @defaultValue "1"; in a mock stream, the one after the event before */
  readonly id?: EventParts["id"];
  /** @defaultValue 1 */
  readonly type?: T;
  /** @defaultValue "1", which is one for an `EventsTableInt` too */
  readonly foreignId?: EventParts["foreignId"];
  /** This or `timestampMicros`. @defaultValue 2024-01-01 00:00 UTC */
  readonly timestamp?: Date | undefined;
}

const names: ReadonlySet<string> = new Set<keyof TestEventParts>([
  "id",
  "type",
  "foreignId",
  "timestampMicros",
  "timestamp",
  "metadata",
  "trace",
]);
const defaultTime = new Date("2024-01-01T00:00:00Z");

/**
 * An event for a test, with defaults for what the test does not say. It is frozen: a consumer that changes events, which
 * are shared between streams, fails with it.
 * @throws TypeError or RangeError `invalid_argument`, naming the part that can't be one.
 * @example
 * await mailer.consume(makeTestEvent({ type: OrderEvent.Paid, foreignId: "o-17" }), { signal });
 */
export function makeTestEvent<T extends number = number>(parts: TestEventParts<T> = {}): ReflexEvent<T> {
  checkParts(parts);
  const { id = "1", type = 1 as T, foreignId = "1", timestampMicros, timestamp } = parts;
  const time = timestampMicros === undefined ? (timestamp ?? defaultTime) : timestamp;
  return Object.freeze(makeEvent<T>({ ...parts, id, type, foreignId, timestamp: time }));
}

/**
 * A misspelt part would be a default in silence.
 * @throws TypeError `invalid_argument`
 */
export function checkParts(parts: unknown): void {
  if (typeof parts !== "object" || parts === null || Array.isArray(parts) || isThenable(parts)) {
    throw typeMistake("invalid_argument", `parts of an event must be an object, found ${show(parts)}`);
  }
  const unknown = Object.keys(parts).find((name) => !names.has(name));
  if (unknown === undefined) return;
  throw typeMistake("invalid_argument", `an event has no part ${showName(unknown)}; it has ${[...names].join(", ")}`);
}
