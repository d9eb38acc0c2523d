import type { SqlParam } from "../../database/database.ts";
import type { TimeStorage } from "../../database/dialect.ts";
import { checkIdentifier } from "../../database/identifiers.ts";
import { typeMistake } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import {
  aBoolean,
  aCount,
  aDuration,
  aFiniteDuration,
  aFunction,
  aLogger,
  anObject,
  aString,
  checkOptions,
  either,
  type OptionChecks,
  oneOf,
} from "../../options/check-options.ts";
import type { Logger, Observer } from "../../reflex/observer.ts";
import { anObserver } from "../../reflex/observer-check.ts";
import type { EventsNotifier } from "../wake/notifier.ts";
import { type GapConfig, type GapOptions, toGapConfig } from "./gap-options.ts";
import type { EventsInserter, EventsLoader } from "./loader-and-inserter.ts";
import { toWakeConfig, type WakeConfig, type WakeOptions } from "./wake-options.ts";

/** The columns and event types of an events table, and how its streams read, wake up and close gaps. */
export interface EventsTableOptions<T extends number = number> {
  /** The auto-increment primary key. @defaultValue "id" */
  idField?: string | undefined;
  /** The column of the time of the insert. @defaultValue "timestamp" */
  timeField?: string | undefined;
  /** The column of the event's type, an integer. @defaultValue "type" */
  typeField?: string | undefined;
  /** The column of the foreign id. @defaultValue "foreign_id" */
  foreignIdField?: string | undefined;
  /**
   * The column of the bytes that `insertWithMetadata` stores. A column of text or JSON can be read too. `createTables` makes it
   * MEDIUMBLOB, which holds 16 MiB; the server's `max_allowed_packet` bounds an event as well. @defaultValue none
   */
  metadataField?: string | undefined;
  /** The column of the bytes that `trace` gives. @defaultValue none */
  traceField?: string | undefined;
  /** Gives the bytes of the trace field, at each insert. For undefined, a null is stored. */
  trace?: (() => Uint8Array | undefined) | undefined;
  /** The table's event types, as numbers by name. `insert` then takes no other numbers. @defaultValue any number */
  types?: Readonly<Record<string, T>> | undefined;
  /** What a stream does with a row whose type is not in `types`. @defaultValue "deliver" */
  onUnknownType?: "deliver" | "error" | undefined;
  /** Whether streams deliver noops, the rows of type 0 that close gaps. @defaultValue false */
  includeNoops?: boolean | undefined;
  /** The longest that a stream at the head waits when nothing wakes it, in ms. @defaultValue 10 000 */
  backoffMs?: number | undefined;
  /** How streams of this process learn of inserts in this process. @defaultValue inMemoryNotifier() */
  notifier?: EventsNotifier | undefined;
  /** How streams find events of other processes. `false` leaves that to the notifier and `backoffMs`. */
  wake?: false | WakeOptions | undefined;
  /**
   * How foreign ids are stored: as text, or as the bytes of a `binary(n)` column. Events and inserts give such bytes in
   * lower-case hex. @defaultValue "text"
   */
  foreignIdColumn?: "text" | "binary" | undefined;
  /**
   * Reads events in place of the table's own query. The table and its `idField` still tell where the highest id is
   * looked up; its other columns are not needed. Gaps are then closed only if `gaps` or `fillGaps()` says so. What it
   * returns is in memory at once: of large events it should return fewer than it is asked for.
   */
  loader?: EventsLoader | undefined;
  /** Inserts an event in place of the table's own statement. */
  inserter?: EventsInserter | undefined;
  /**
   * How the gaps are closed that rolled-back transactions leave. With `false`, streams wait at them for ever.
   * @defaultValue closes them; `false` with a `loader`
   */
  gaps?: false | GapOptions | undefined;
  /** Whether streams of this table share what they read, also with those of its other objects that read alike. @defaultValue true */
  cache?: boolean | undefined;
  /** The most rows that one read takes. @defaultValue as many as take little memory, at most 5000; see `setEventMemoryMiB` */
  limit?: number | undefined;
  /** The type of the time column. @defaultValue "datetime6" */
  timeColumn?: TimeStorage["column"] | undefined;
  /** The time zone of the clock in a `datetime` column of an old table, such as "+02:00". @defaultValue UTC */
  storedZone?: string | undefined;
  /** The longest to wait for a connection of the pool, in ms. @defaultValue 10 000 */
  acquireTimeoutMs?: number | undefined;
  /** The longest that one statement may take, in ms. After that its connection is closed. @defaultValue 60 000 */
  statementTimeoutMs?: number | undefined;
  /**
   * Told what the table's streams do: `poll`, `page`, `gap`, `stall`, and `error` for a failure that is tried again or
   * that no caller waits for. @defaultValue none; errors and stalls go to `logger`
   */
  observer?: Observer | undefined;
  /**
   * Takes warnings: of errors and stalls for which the observer has no function, of a pool that is too small, and of
   * rows that `onPruned: "skip"` passes by.
   * @defaultValue `process.emitWarning`
   */
  logger?: Logger | undefined;
}

const checks: OptionChecks<EventsTableOptions> = {
  idField: aString,
  timeField: aString,
  typeField: aString,
  foreignIdField: aString,
  metadataField: aString,
  traceField: aString,
  trace: aFunction,
  types: aTypeCatalogue,
  onUnknownType: oneOf("deliver", "error"),
  includeNoops: aBoolean,
  backoffMs: aFiniteDuration,
  notifier: aNotifier,
  wake: either(oneOf(false), anObject),
  foreignIdColumn: oneOf("text", "binary"),
  loader: aFunction,
  inserter: aFunction,
  gaps: either(oneOf(false), anObject),
  cache: aBoolean,
  limit: aCount,
  timeColumn: oneOf("datetime6", "datetime", "timestamp"),
  storedZone: aZone,
  acquireTimeoutMs: aDuration,
  statementTimeoutMs: aDuration,
  observer: anObserver,
  logger: aLogger,
};

/** A table's options with every default filled in. */
export interface EventsTableConfig {
  readonly fields: EventFields;
  readonly time: TimeStorage;
  readonly trace: (() => Uint8Array | undefined) | undefined;
  /** The numbers that `types` names; undefined if any number is allowed. */
  readonly types: ReadonlySet<number> | undefined;
  readonly onUnknownType: "deliver" | "error";
  readonly includeNoops: boolean;
  readonly backoffMs: number;
  readonly wake: false | WakeConfig;
  readonly foreignIdBytes: boolean;
  /** The foreign id of this table's noops, as their events give it. */
  readonly noopForeignId: string;
  readonly loader: EventsLoader | undefined;
  readonly inserter: EventsInserter | undefined;
  readonly gaps: GapConfig;
  readonly cache: boolean;
  /** The most rows of one read; undefined if the sizes of events decide. */
  readonly limit: number | undefined;
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export interface EventFields {
  readonly id: string;
  readonly time: string;
  readonly type: string;
  readonly foreignId: string;
  readonly metadata: string | undefined;
  readonly trace: string | undefined;
}

/**
 * Fills in the defaults of options that were checked.
 * @throws TypeError or RangeError `invalid_option` or `invalid_identifier`
 */
export function toEventsTableConfig<T extends number>(
  owner: string,
  options: EventsTableOptions<T>,
): EventsTableConfig {
  const { loader, inserter } = options;
  if (options.trace !== undefined && options.traceField === undefined && inserter === undefined) {
    throw typeMistake("invalid_option", `option trace of ${owner} needs option traceField, the column to store it in`);
  }
  const fields = toFields(owner, options);
  // What a loader returns need not be this table's rows. What would close a gap then is for the user to know.
  const gaps = toGapConfig(owner, options.gaps ?? (loader === undefined ? undefined : false), { fields });
  return {
    fields,
    loader,
    inserter,
    gaps,
    foreignIdBytes: options.foreignIdColumn === "binary",
    noopForeignId: noopForeignId(gaps.noopValues[fields.foreignId], options.foreignIdColumn === "binary"),
    cache: options.cache ?? true,
    time: { column: options.timeColumn ?? "datetime6", zone: options.storedZone },
    trace: options.trace,
    types: options.types === undefined ? undefined : new Set(typeNumbers(options.types) as number[]),
    onUnknownType: options.onUnknownType ?? "deliver",
    includeNoops: options.includeNoops ?? false,
    backoffMs: options.backoffMs ?? 10_000,
    wake: toWakeConfig(owner, options.wake),
    limit: options.limit,
    acquireTimeoutMs: options.acquireTimeoutMs,
    statementTimeoutMs: options.statementTimeoutMs,
  };
}

/** @throws TypeError or RangeError `invalid_option` */
export function checkEventsTableOptions<T extends number>(
  owner: string,
  options: EventsTableOptions<T>,
): EventsTableOptions<T> {
  return checkOptions(owner, options, checks as unknown as OptionChecks<EventsTableOptions<T>>);
}

function toFields<T extends number>(owner: string, options: EventsTableOptions<T>): EventFields {
  const field = (name: keyof EventsTableOptions, value: string): string =>
    checkIdentifier(value, `option ${name} of ${owner}`);
  const fields = {
    id: field("idField", options.idField ?? "id"),
    time: field("timeField", options.timeField ?? "timestamp"),
    type: field("typeField", options.typeField ?? "type"),
    foreignId: field("foreignIdField", options.foreignIdField ?? "foreign_id"),
    metadata: options.metadataField === undefined ? undefined : field("metadataField", options.metadataField),
    trace: options.traceField === undefined ? undefined : field("traceField", options.traceField),
  };
  refuseSharedColumn(owner, fields);
  return fields;
}

/** Names of columns are equal whatever their case. */
function refuseSharedColumn(owner: string, fields: EventFields): void {
  const options = new Map<string, string>();
  for (const [name, column] of Object.entries(fields) as [string, string | undefined][]) {
    if (column === undefined) continue;
    const other = options.get(column.toLowerCase());
    if (other !== undefined) {
      const message = `options ${other}Field and ${name}Field of ${owner} must not name the same column, found ${showName(column)} for both`;
      throw typeMistake("invalid_option", message);
    }
    options.set(column.toLowerCase(), name);
  }
}

/** The foreign id of noops whose column was given this value, as a stream reads it back. */
export function noopForeignId(given: SqlParam | undefined, bytes: boolean): string {
  const value = given ?? "0";
  if (bytes && !(value instanceof Uint8Array)) return Buffer.from(String(value)).toString("hex");
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

/** The numbers of a catalogue of types. A TypeScript enum also holds its names by number. */
function typeNumbers(types: object): unknown[] {
  return Object.entries(types)
    .filter(([name]) => !/^-?\d+$/.test(name))
    .map(([, value]) => value as unknown);
}

function aTypeCatalogue(value: unknown): string | undefined {
  // A catalogue without any type is refused: with it, every insert would be.
  const numbers = typeof value === "object" && value !== null && !Array.isArray(value) ? typeNumbers(value) : [];
  const known = numbers.length > 0 && numbers.every((number) => Number.isSafeInteger(number) && number !== 0);
  return known ? undefined : "an object of names and whole numbers other than 0, which is a noop's";
}

function aNotifier(value: unknown): string | undefined {
  const { subscribe, notify } = Object(value) as Partial<EventsNotifier>;
  const complete = typeof subscribe === "function" && typeof notify === "function";
  return complete ? undefined : "an object with the functions subscribe and notify";
}

// The widest offsets that a server takes, which is MySQL.
const OFFSET = /^(?:[+-](?:0\d|1[0-2]):[0-5]\d|[+-]13:[0-5]\d|\+14:00)$/;
const ZONE_NAME = /^[A-Za-z][\w+-]*(?:\/[A-Za-z][\w+-]*)*$/;

function aZone(value: unknown): string | undefined {
  const valid = typeof value === "string" && (OFFSET.test(value) || ZONE_NAME.test(value));
  return valid ? undefined : 'an offset from "-13:59" to "+14:00" or a zone name such as "Europe/Berlin"';
}
