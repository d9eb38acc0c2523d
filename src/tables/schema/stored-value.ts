import type { Dialect } from "../../database/dialect.ts";
import { inCharset, lengthIn } from "./column-capacity.ts";
import type { ColumnDescription } from "./table-columns.ts";

/** A value on its way into a column. Numbers are whole. */
export type StoredValue = string | number | Uint8Array | null;

const INTEGER = /^(?:tiny|small|medium|big)?int/;
const PLAIN_INTEGER = /^(?:0|-?[1-9]\d*)$/;

/** Whether {@link silentChange} may find something in this column: it must not cost the many tables in which it can't. */
export function mayChangeSilently({ type }: ColumnDescription, dialect: Dialect): boolean {
  return dialect.name === "sqlite" || type === "binary" || type === "char" || INTEGER.test(type);
}

/**
 * What the column makes of the value without a word, whatever the server's mode; undefined if it keeps it as it is. The
 * answer goes on from "column x is varchar(5) and".
 */
export function silentChange(column: ColumnDescription, value: StoredValue, dialect: Dialect): string | undefined {
  if (value === null || typeof value === "number") return undefined;
  if (dialect.name === "sqlite") return typeof value === "string" ? changeByAffinity(column, value) : undefined;
  const { type, maxLength = 0 } = column;
  if (type === "binary" && Buffer.byteLength(value) < maxLength) {
    return "fills shorter values up with zeros: give all its bytes, or make it varbinary";
  }
  if (typeof value !== "string") return undefined;
  if (type === "char" && value.endsWith(" ")) return "drops spaces at the end: make it varchar";
  if (INTEGER.test(type) && looksNumeric(value) && !PLAIN_INTEGER.test(value)) {
    return "makes a number of the text: give it in plain decimal, or make the column varchar";
  }
  return undefined;
}

/** Whether the column holds whole numbers, so that one that is given in decimal text is stored as that number. */
export function holdsIntegers({ type }: ColumnDescription): boolean {
  return INTEGER.test(type);
}

/** What of the value does not fit the column, where a strict server would refuse it; undefined if all of it fits. */
export function overflow(column: ColumnDescription, value: StoredValue): string | undefined {
  if (value === null) return undefined;
  if (column.smallest !== undefined || column.largest !== undefined) return beyondRange(column, value);
  if (column.maxLength === undefined || typeof value === "number") return undefined;
  if (typeof value === "string" && !inCharset(column.charset, value)) {
    return `its character set ${column.charset} lacks a character: make it utf8mb4`;
  }
  return lengthIn(column, value) > column.maxLength
    ? `holds no more than ${column.maxLength}: make it longer`
    : undefined;
}

function beyondRange({ smallest, largest, type, fullType }: ColumnDescription, value: StoredValue): string | undefined {
  if (!INTEGER.test(type)) return undefined;
  if (typeof value === "string" && !PLAIN_INTEGER.test(value)) return "holds whole numbers only";
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const number = BigInt(value);
  const highest = largest ?? (fullType.includes("unsigned") ? 2n ** 64n : 2n ** 63n) - 1n;
  const lowest = smallest ?? -(2n ** 63n);
  return number < lowest || number > highest ? `holds numbers from ${lowest} to ${highest}: make it larger` : undefined;
}

// SQLite makes numbers of texts in columns of some types, by its rules of affinity.
function changeByAffinity({ fullType }: ColumnDescription, text: string): string | undefined {
  if (text.includes("\0")) return "is read by drivers that end a text at its first zero character: leave it out";
  const keepsText = fullType.includes("char") || fullType.includes("clob") || fullType.includes("text");
  const isInteger = fullType.includes("int");
  if (!isInteger && (keepsText || fullType === "" || fullType.includes("blob"))) return undefined;
  if (!looksNumeric(text)) return undefined;
  const isReal = !isInteger && /real|floa|doub/.test(fullType);
  const isKept = !isReal && PLAIN_INTEGER.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  return isKept ? undefined : "makes a number of the text: make the column text";
}

function looksNumeric(text: string): boolean {
  return text.trim() !== "" && !Number.isNaN(Number(text));
}
