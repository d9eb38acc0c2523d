import { ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import { parseIntCursor } from "../../reflex/cursor.ts";

/** How the cursors of a table are ordered: "int" as numbers, "string" byte by byte. */
export type CursorType = "int" | "string";

/**
 * The value by which a cursor is ordered: a bigint, or the string itself.
 * @throws ReflexError `invalid_cursor` for an "int" cursor that is no decimal number, and for what is no string.
 */
export function castCursor(type: CursorType, cursor: string): bigint | string {
  if (type === "int") return parseIntCursor(cursor);
  if (type !== "string") {
    throw typeMistake("invalid_argument", `the type of a cursor must be "int" or "string", found ${showName(type)}`);
  }
  // Half of a surrogate pair would be stored as U+FFFD, which is another cursor.
  if (typeof cursor === "string" && Buffer.from(cursor).toString() === cursor) return cursor;
  throw new ReflexError("invalid_cursor", `a cursor must be a string of whole characters, found ${showName(cursor)}`);
}

/** Whether cursor `a` lies beyond `b`. */
export function isBeyond(type: CursorType, a: string, b: string): boolean {
  if (type === "int") return parseIntCursor(a) > parseIntCursor(b);
  // JavaScript compares UTF-16 units. Their order is not that of the bytes, which is what the database compares.
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0;
}

/** Whether two cursors are the same place. "7" and "007" are, for "int". */
export function isSamePlace(type: CursorType, a: string, b: string): boolean {
  return type === "int" ? parseIntCursor(a) === parseIntCursor(b) : a === b;
}

// A constant of the module: a literal inside of the function would be made anew at each call.
const PLAIN = /^[1-9]\d{0,17}$/;

/**
 * Whether the "int" cursor `a` is known to lie beyond `b` without parsing either. `a` must be written plainly: at most
 * 18 digits without a leading zero. Such cursors compare as texts do. False does not mean that `a` does not lie beyond
 * `b`.
 */
export function isPlainlyBeyond(a: string, b: string): boolean {
  if (typeof a !== "string" || !PLAIN.test(a)) return false;
  // With leading zeros `b` is longer than its number, so that it is never taken for less than it is.
  return a.length === b.length ? a > b : a.length > b.length;
}
