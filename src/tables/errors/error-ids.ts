const HIGHEST_ID = 2n ** 63n - 1n;

/** Whether a server takes the text for exactly the integer that it shows. */
export function isDecimalId(id: unknown): id is string {
  return typeof id === "string" && /^\d{1,19}$/.test(id) && BigInt(id) <= HIGHEST_ID;
}
