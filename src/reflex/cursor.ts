import { ReflexError } from "../errors/reflex-error.ts";
import { nameDetail, showName } from "../errors/show.ts";

/** The highest id of a row, and so the highest cursor. */
export const HIGHEST_ID: bigint = 2n ** 63n - 1n;

/** Reads an integer cursor; "" is 0, the beginning. @throws ReflexError `invalid_cursor` */
export function parseIntCursor(cursor: unknown): bigint {
  if (cursor === "") return 0n;
  const value = typeof cursor === "string" && /^\d{1,19}$/.test(cursor) ? BigInt(cursor) : -1n;
  if (value < 0n || value > HIGHEST_ID) {
    throw new ReflexError(
      "invalid_cursor",
      `a cursor must be "" or a decimal number from 0 to 2^63-1 such as "42", found ${showName(cursor)}`,
      { details: { cursor: nameDetail(cursor) } },
    );
  }
  return value;
}

const DECIMAL = /^\d{1,19}$/;

/** Whether a cursor is the same place as another: decimal ones are compared as numbers. */
export function isSameCursor(cursor: string, other: string): boolean {
  return cursor === other || (DECIMAL.test(cursor) && DECIMAL.test(other) && BigInt(cursor) === BigInt(other));
}

/** Whether a cursor has passed an event: decimal ids are compared as numbers, others as text. */
export function isAtOrBeyond(cursor: string, eventId: string): boolean {
  if (DECIMAL.test(cursor) && DECIMAL.test(eventId)) return BigInt(cursor) >= BigInt(eventId);
  return cursor >= eventId;
}
