import { ReflexError } from "../../errors/reflex-error.ts";
import { nameDetail, showName } from "../../errors/show.ts";
import type { ColumnDescription } from "./table-columns.ts";

/** The types of columns whose length is counted in characters. */
export const CHARACTER_TYPES: ReadonlySet<string> = new Set(["char", "varchar"]);

// What servers mean by latin1. The five bytes that Windows-1252 leaves open are control characters.
const WINDOWS_1252 =
  // oxlint-disable-next-line no-control-regex -- all of ASCII is in it
  /^[\0-\x7f\x81\x8d\x8f\x90\x9d\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]*$/;

/**
 * Checks that a column can hold a text or decimal number exactly. Outside of strict mode a server would cut it to fit:
 * into another consumer's name, or into an earlier cursor.
 * @throws ReflexError `wrong_schema`
 */
export function checkFits(table: string, column: ColumnDescription | undefined, value: string): void {
  const problem = column === undefined ? undefined : capacityProblem(column, value);
  if (column === undefined || problem === undefined) return;
  throw new ReflexError(
    "wrong_schema",
    `column ${column.name} of table ${table} is ${column.fullType} and can't hold ${showName(value)}: ${problem}`,
    { details: { table, column: column.name, value: nameDetail(value) } },
  );
}

function capacityProblem(column: ColumnDescription, value: string): string | undefined {
  if (column.largest !== undefined && BigInt(value) > column.largest) return "make it bigint";
  if (column.maxLength === undefined) return undefined;
  const length = lengthIn(column, value);
  if (column.type === "binary" && length < column.maxLength)
    return "it fills shorter values up with zeros, make it varbinary";
  if (column.type === "char" && value.endsWith(" ")) return "it drops spaces at the end, make it varchar";
  if (length > column.maxLength) return `make it longer than ${column.maxLength}`;
  return inCharset(column.charset, value) ? undefined : `its character set is ${column.charset}, make it utf8mb4`;
}

/**
 * The length that counts against that of the column: characters in CHAR and VARCHAR, else bytes. Of a text that fits, it may be
 * more than it has.
 */
export function lengthIn({ type, charset, maxLength }: ColumnDescription, value: string | Uint8Array): number {
  if (typeof value !== "string") return value.byteLength;
  if (charset === undefined) return Buffer.byteLength(value);
  // A character has one or two units: most texts fit without a count of their characters.
  if (CHARACTER_TYPES.has(type)) return value.length > (maxLength ?? 0) ? Array.from(value).length : value.length;
  let bytes = 0;
  for (const character of value) bytes += storedBytes(character, charset);
  return bytes;
}

/** How many bytes a character takes in this character set. */
export function storedBytes(character: string, charset: string | undefined): number {
  switch (charset) {
    case undefined:
    case "utf8mb4":
    case "utf8mb3":
    case "utf8":
      return Buffer.byteLength(character);
    case "ucs2":
    case "utf16":
    case "utf16le":
      return 2 * character.length;
    case "utf32":
      return 4;
    default:
      return 1;
  }
}

/**
 * Whether a column of this character set can hold the text. Of character sets that are not named here only ASCII is
 * sure.
 */
export function inCharset(charset: string | undefined, value: string): boolean {
  switch (charset) {
    case undefined:
    case "utf8mb4":
    case "utf16":
    case "utf16le":
    case "utf32":
      return true;
    case "utf8":
    case "utf8mb3":
    case "ucs2":
      return !/[\ud800-\udfff]/.test(value);
    case "latin1":
      return WINDOWS_1252.test(value);
    default:
      // oxlint-disable-next-line no-control-regex -- all of ASCII is in it
      return /^[\0-\x7f]*$/.test(value);
  }
}
