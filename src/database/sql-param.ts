import { typeMistake } from "../errors/reflex-error.ts";
import { show, showKind } from "../errors/show.ts";

/**
 * Whether drivers bind the value without loss. Of a `Date` or an object they would make text, each driver in its own
 * way.
 */
export function isSqlParam(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "bigint" || value === null) return true;
  return typeof value === "number" ? Number.isFinite(value) : value instanceof Uint8Array;
}

/** @throws TypeError `invalid_argument` for what is no parameter */
export function checkParam(param: unknown): void {
  if (isSqlParam(param)) return;
  const expected = "a string, finite number, bigint, null or Uint8Array";
  throw typeMistake("invalid_argument", `an SQL parameter must be ${expected}, found ${showKind(param)}`);
}

/** @throws TypeError `invalid_argument` for what is no array */
export function checkParamList(params: unknown): asserts params is readonly unknown[] {
  if (Array.isArray(params)) return;
  throw typeMistake("invalid_argument", `SQL parameters must be an array, [] for none, found ${show(params)}`);
}

/** @throws TypeError `invalid_argument` for what is no array of parameters */
export function checkParams(params: unknown): void {
  checkParamList(params);
  for (const param of params) checkParam(param);
}
