import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { showKind, showName } from "../../errors/show.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { toEvent } from "./event-row.ts";

/** The parts of an event, for {@link makeEvent}. */
export interface EventParts<T extends number = number> {
  /** The row's id: decimal text, a bigint, or a number below 2^53. */
  readonly id: string | number | bigint;
  /** The type of the event, a whole number. 0 is a noop. */
  readonly type: T;
  /** The id of what the event tells of. It becomes text. */
  readonly foreignId: string | number | bigint;
  /** When the event was inserted, in microseconds since 1970, UTC. Give either this or `timestamp`. */
  readonly timestampMicros?: number | undefined;
  /** When the event was inserted, to the millisecond. Give either this or `timestampMicros`. */
  readonly timestamp?: Date | undefined;
  /** The metadata: bytes, or text as UTF-8. */
  readonly metadata?: Uint8Array | string | null | undefined;
  /** Bytes that tie the event to a trace. @defaultValue none */
  readonly trace?: Uint8Array | null | undefined;
}

/**
 * Makes an event, for a `loader` or a test.
 * @throws TypeError or RangeError `invalid_argument`, naming the part that can't be one.
 * @example
 * makeEvent({ id: row.id, type: 1, foreignId: row.order_id, timestampMicros: row.micros, metadata: row.payload })
 */
export function makeEvent<T extends number = number>(parts: EventParts<T>): ReflexEvent<T> {
  if (typeof parts !== "object" || parts === null) throw wrong("parts", "an object", parts);
  const { type, metadata, trace } = parts;
  if (!Number.isSafeInteger(type)) throw wrong("type", "a whole number", type);
  return toEvent<T>({
    id_value: decimal(parts.id),
    type_number: type,
    foreign_id_value: foreignIdText(parts.foreignId),
    micros: micros(parts),
    metadata_bytes: typeof metadata === "string" ? Buffer.from(metadata) : bytes("metadata", metadata),
    trace_bytes: bytes("trace", trace),
  });
}

/** The id of an event as text. Undefined for what is no decimal number above 0 of at most 63 bits. */
export function eventId(id: unknown): string | undefined {
  const whole = typeof id === "bigint" || Number.isSafeInteger(id) || typeof id === "string";
  const text = whole ? String(id) : "";
  // An id with a leading zero would be another cursor for the same row.
  if (!/^[1-9]\d{0,18}$/.test(text) || BigInt(text) >= 2n ** 63n) return undefined;
  return text;
}

function decimal(id: unknown): string {
  const text = eventId(id);
  if (text === undefined) throw wrong("id", 'a decimal number from 1 to 2^63-1 such as "42"', id);
  return text;
}

function foreignIdText(foreignId: unknown): string {
  if (typeof foreignId === "string") return foreignId;
  if (typeof foreignId === "bigint" || Number.isSafeInteger(foreignId)) return String(foreignId);
  throw wrong("foreignId", "a string, a bigint or a safe whole number", foreignId);
}

function micros({ timestampMicros, timestamp }: EventParts): number {
  if (timestampMicros !== undefined && timestamp !== undefined) {
    throw typeMistake("invalid_argument", "an event takes timestampMicros or timestamp, not both");
  }
  const value = timestampMicros ?? (timestamp instanceof Date ? timestamp.getTime() * 1000 : undefined);
  if (Number.isSafeInteger(value)) return value as number;
  if (timestampMicros !== undefined) throw wrong("timestampMicros", "a whole number of microseconds", timestampMicros);
  throw wrong("timestamp", "a valid Date, unless timestampMicros is given", timestamp);
}

function bytes(name: string, value: unknown): Uint8Array | null {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) return value;
  throw wrong(name, `a Uint8Array${name === "metadata" ? " or a string" : ""}`, value);
}

function wrong(part: string, expected: string, value: unknown): Error {
  const mistake = typeof value === "number" ? rangeMistake : typeMistake;
  const found = part === "id" ? showName(value) : showKind(value);
  return mistake("invalid_argument", `${part} of an event must be ${expected}, found ${found}`);
}
