import { createHash } from "node:crypto";
import type { ReflexEvent } from "./event.ts";

/**
 * The property of an event with its time as its column stores it, in microseconds: what `timestampMicros` would be without
 * the table's option `storedZone`. Events have it only where that option is set.
 */
export const storedMicros: unique symbol = Symbol.for("reflex-rsql.storedMicros");

const POSITION = /^([1-9]\d{0,18}):(?:-?\d+|NaN):-?\d+:[\w-]{16}$/;

/**
 * The position at an event: text by which its row is known again, of at most 80 characters. It is what a cursor store
 * keeps beside the cursor for {@link CursorStore.getPosition}. It has the event's id, its time as it is stored, its type
 * and a hash of its foreign id: no data of the event's own.
 * @example
 * for await (const event of orders.stream(pool, "", { signal })) {
 *   const [id, position] = [event.id, positionOf(event)];
 *   await pool.execute("update progress set last_id = ?, position = ? where consumer = 'mailer'", [id, position]);
 * }
 */
export function positionOf(event: ReflexEvent): string {
  const micros = (event as { [storedMicros]?: number })[storedMicros] ?? event.timestampMicros;
  const hash = createHash("sha256").update(event.foreignId).digest("base64url").slice(0, 16);
  return `${event.id}:${micros}:${event.type}:${hash}`;
}

/**
 * The position if it is one of this cursor. Undefined for text that is no position, and for one that was stored with
 * another cursor: whoever moved the cursor since did not know of positions.
 */
export function positionAt(cursor: string, position: string | undefined): string | undefined {
  const id = position === undefined ? undefined : POSITION.exec(position)?.[1];
  if (id === undefined || !/^\d{1,19}$/.test(cursor)) return undefined;
  return BigInt(id) === BigInt(cursor) ? position : undefined;
}
