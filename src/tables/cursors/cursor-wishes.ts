import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import { aFunction, checkOptions, either, type OptionChecks, oneOf } from "../../options/check-options.ts";
import { checkConsumerName } from "../../reflex/consumer.ts";
import type { ErrorInsertFunc } from "../../reflex/consumer-error.ts";
import type { CursorRequestKind } from "../../reflex/cursor-requests.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { Asker, Wish } from "../requests/asker.ts";
import {
  type CursorChange,
  type ForcedRequestOptions,
  forcedRequestChecks,
  type RequestOptions,
  requestChecks,
  thisUser,
} from "../requests/request-options.ts";
import { type CursorType, castCursor } from "./cursor-type.ts";

/**
 * A place in an events table: `"start"`, `"head"`, the id of an event such as `"41"`, or `{ time }`: before the first event of
 * that time.
 */
export type CursorTarget =
  | string
  | {
      /** The time of the first event that is to follow the cursor, by the table's clock. */
      readonly time: Date;
    };

/** A place that was found in an events table. */
export interface FoundPlace {
  /** The cursor, in decimal; "0" at the table's start. */
  readonly cursor: string;
  /** The row at the cursor; undefined if there is none. */
  readonly event?: ReflexEvent | undefined;
}

/** An events table, as far as it finds places for cursors. `EventsTable` and `EventsTableInt` are ones. */
export interface CursorPlaces {
  /** The table's name. A consumer that is known to read another table is not reset to a place in this one. */
  readonly name: string;
  /** The cursor of a place, and the row there if there is one. */
  cursorAt(db: DatabaseHandle, to: CursorTarget, options?: CallOptions): Promise<FoundPlace>;
}

/** Where a consumer is to go on, who asks, and for how long to wait. */
export interface ResetOptions extends ForcedRequestOptions {
  /**
   * Where to go on: after the event of this id; from the first event (`"start"`); after the present head (`"head"`), with
   * every event that may still commit below it; or at the first event at or after a time of the table's clock
   * (`{ time }`), likewise. A time with no event at or after it is the head; one that is yet to come is refused.
   */
  to: CursorTarget;
  /**
   * The events table. It is needed for `"head"` and `{ time }`. An id is looked up in it, so that one without a row is
   * refused, and the row is kept as the cursor's position. @defaultValue none: an id is taken as it is
   */
  events?: CursorPlaces | undefined;
  /** The database of the events table. @defaultValue that of the cursors */
  eventsDb?: DatabaseHandle | undefined;
}

/** Which event a consumer is to leave out. */
export interface SkipOptions extends RequestOptions {
  /** The id of the event. The consumer consumes those before it as always. */
  eventId: string;
  /**
   * The events table, in which the event is looked up: the id of none would wait for a good event to get it. `false` takes
   * the id as it is.
   */
  events: CursorPlaces | false;
  /** The database of the events table. @defaultValue that of the cursors */
  eventsDb?: DatabaseHandle | undefined;
  /**
   * Records the event before anything else is done: `errors.toErrorInserter(pool)` of an `ErrorsTable`, so that it can be
   * retried later. `false` leaves it out without a record among the errors.
   */
  record: ErrorInsertFunc | false;
}

const resetChecks: OptionChecks<ResetOptions> = {
  ...forcedRequestChecks,
  to: aTarget,
  events: anEventsTable,
  eventsDb: aDatabase,
};
const skipChecks: OptionChecks<SkipOptions> = {
  ...requestChecks,
  eventId: (value) => (isId(value) && value !== "0" ? undefined : 'the id of an event, such as "42"'),
  events: either(anEventsTable, oneOf(false)),
  eventsDb: aDatabase,
  record: either(aFunction, oneOf(false)),
};

// How far the clock of this process may be behind that of the server.
const CLOCKS_DIFFER_MS = 60_000;

/** One consumer in one database, of whom something is asked. */
export interface Asked {
  readonly db: DatabaseHandle;
  readonly consumer: string;
  readonly asker: Asker;
}

/** Asks for a reset, once it is known where to. */
export async function askReset(
  { db, consumer, asker }: Asked,
  cursorType: CursorType,
  options: ResetOptions,
): Promise<CursorChange> {
  checkConsumerName(consumer);
  const { to, events, eventsDb = db, ...rest } = required("reset", checkOptions("reset", options, resetChecks), "to");
  if (typeof to === "object" && to.time.getTime() > Date.now() + CLOCKS_DIFFER_MS) {
    const found = to.time.toISOString();
    throw rangeMistake("invalid_option", `option to of reset must be a time that has come, found ${found}`);
  }
  if (events === undefined) return asker.ask({ consumer, kind: "reset", to: plainTarget(to, cursorType) }, rest);
  const { cursor, event } = await events.cursorAt(eventsDb, to, { signal: rest.signal, timeoutMs: rest.timeoutMs });
  const position = event?.id === cursor ? positionOf(event) : undefined;
  return asker.ask({ consumer, kind: "reset", to: cursor, position, events: events.name }, rest);
}

/** Asks for an event to be skipped, once it is recorded. */
export async function askSkip({ db, consumer, asker }: Asked, options: SkipOptions): Promise<CursorChange> {
  checkConsumerName(consumer);
  const checked = required("skip", checkOptions("skip", options, skipChecks), "eventId", "events", "record");
  const { eventId, events, eventsDb = db, record, ...rest } = checked;
  const { by = thisUser(), reason = "", signal, timeoutMs } = rest;
  const wish: Wish = { consumer, kind: "skip", to: eventId, ...(events === false ? {} : { events: events.name }) };
  await asker.check(wish, { signal, timeoutMs });
  if (events !== false) await events.cursorAt(eventsDb, eventId, { signal, timeoutMs });
  if (record !== false) {
    const message = `skipped by ${by}${reason === "" ? "" : `: ${reason}`}`;
    await record({ consumer, eventId, message }, { signal, timeoutMs });
  }
  return asker.ask(wish, rest);
}

/** Asks for something that needs no more than its name. */
export function ask(
  { consumer, asker }: Asked,
  kind: Exclude<CursorRequestKind, "reset" | "skip">,
  options: ForcedRequestOptions,
): Promise<CursorChange> {
  checkConsumerName(consumer);
  return asker.ask({ consumer, kind, to: "" }, checkOptions(kind, options, forcedRequestChecks));
}

/** @throws TypeError `invalid_option` for an option that must be given and is not */
function required<O extends object>(owner: string, options: O, ...names: readonly (keyof O & string)[]): O {
  const missing = names.find((name) => options[name] === undefined);
  if (missing === undefined) return options;
  throw typeMistake("invalid_option", `option ${missing} of ${owner} must be given`);
}

/** The cursor of a place that can be known without the events table. */
function plainTarget(to: CursorTarget, cursorType: CursorType): string {
  if (to === "start" && cursorType === "int") return "0";
  if (to !== "head" && to !== "start" && typeof to === "string") {
    castCursor(cursorType, to);
    return to;
  }
  const what = typeof to === "string" ? showName(to) : "a time";
  throw typeMistake("invalid_option", `a reset to ${what} needs option events, the table in which to look for it`);
}

function anEventsTable(value: unknown): string | undefined {
  const { cursorAt, name } = Object(value) as Partial<CursorPlaces>;
  return typeof cursorAt === "function" && typeof name === "string" ? undefined : "an EventsTable or EventsTableInt";
}

function aDatabase(value: unknown): string | undefined {
  try {
    toDatabase(value as DatabaseHandle);
    return undefined;
  } catch {
    return "a pool or SQLite handle";
  }
}

function isId(value: unknown): boolean {
  return typeof value === "string" && /^(?:0|[1-9]\d{0,18})$/.test(value) && BigInt(value) < 2n ** 63n;
}

function aTarget(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return undefined;
  const { time } = Object(value) as { time?: unknown };
  const valid = time instanceof Date && !Number.isNaN(time.getTime());
  return valid ? undefined : 'an id, "start", "head" or { time: a valid Date }';
}
