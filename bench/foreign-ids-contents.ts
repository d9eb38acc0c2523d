// Tab, line feed, carriage return, comma, space, backslash, both quotes, percent, semicolon, pipe, a unit separator, and
// letters of two and of three bytes.
const SEPARATORS = "\t\n\r, \\'\"%;|\u001fé";
const LETTER = "漢";
const DIGITS = 5;
const CONTROLS = 128;
const METADATA_BYTES = 100;
const ALL_BYTES = 256;

// Each byte value, and the first ones again, so that 100 bytes from any place on are in it.
const cycle = Buffer.from(Array.from({ length: ALL_BYTES + METADATA_BYTES }, (_, byte) => byte % ALL_BYTES));

/** The contents of row `n` as SQL expressions, for `fillTable`. */
export const awkwardColumns: Readonly<Record<string, string>> = {
  foreign_id: `concat(lpad(n mod ${10 ** DIGITS}, ${DIGITS}, '0'), ${text(SEPARATORS)}, char(n mod ${CONTROLS} using utf8mb4), ${text(LETTER)})`,
  metadata: `substring(x'${cycle.toString("hex")}', n mod ${ALL_BYTES} + 1, ${METADATA_BYTES})`,
};

/** The foreign id of row `n`: 20 characters, the last but one of which is each ASCII character in turn. */
export function awkwardForeignId(n: number): string {
  const digits = String(n % 10 ** DIGITS).padStart(DIGITS, "0");
  return `${digits}${SEPARATORS}${String.fromCodePoint(n % CONTROLS)}${LETTER}`;
}

/** The metadata of row `n`. */
export function awkwardMetadata(n: number): Buffer {
  const from = n % ALL_BYTES;
  return cycle.subarray(from, from + METADATA_BYTES);
}

function text(value: string): string {
  return `convert(x'${Buffer.from(value).toString("hex")}' using utf8mb4)`;
}
