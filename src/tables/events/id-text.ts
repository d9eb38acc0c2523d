const LAST_DIGITS: readonly string[] = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

let thousands = 0;
let thousandsText = "";

/**
 * The decimal text of an id. Ids come in ascending order, so that most texts begin as the last one did. String() would
 * give the same text. But V8 caches what it makes of a number, and so keeps thousands of texts from being collected
 * early.
 */
export function idText(id: string | number | bigint): string {
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1000) return String(id);
  const above = Math.floor(id / 1000);
  if (above !== thousands) {
    thousands = above;
    thousandsText = String(above);
  }
  return `${thousandsText}${LAST_DIGITS[id - above * 1000]}`;
}
