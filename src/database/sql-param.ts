import { show, typeMistake } from "../reflex/errors.ts";

/** Whether drivers bind the value without loss. They would make text of a `Date` or an object, each its own way. */
export function isSqlParam(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "bigint" || value === null) return true;
  return typeof value === "number" ? Number.isFinite(value) : value instanceof Uint8Array;
}

/** @throws TypeError `invalid_argument` for what is no array of parameters */
export function checkParams(params: unknown): void {
  if (!Array.isArray(params)) {
    throw typeMistake("invalid_argument", `SQL parameters must be an array, [] for none, found ${show(params)}`);
  }
  for (const param of params) {
    if (isSqlParam(param)) continue;
    const expected = "a string, finite number, bigint, null or Uint8Array";
    throw typeMistake("invalid_argument", `an SQL parameter must be ${expected}, found ${show(param)}`);
  }
}
