import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { showKind } from "../../errors/show.ts";
import type { SqlParam } from "../database.ts";

const LONGEST_SHOWN_SQL = 120;
// An empty blob that has memory behind it. node:sqlite binds one without memory as null.
const EMPTY_BLOB = Buffer.alloc(1).subarray(0, 0);

/**
 * How many placeholders and statements an SQL text has. libsql would take a wrong number of parameters, statements
 * after the first, and a text without any, all in silence.
 */
export interface StatementShape {
  readonly placeholders: number;
  readonly statements: number;
}

// Strings, quoted names and comments are matched before anything else, so that what is inside them does not count.
const TOKEN = /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?|;|\s+|[^\s'"`[\-/?;]+|[\s\S]/g;

/** Counts the placeholders and statements of an SQL text. */
export function shapeOf(sql: string): StatementShape {
  let placeholders = 0;
  let statements = 0;
  let inStatement = false;
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === ";") inStatement = false;
    else if (!/^(?:\s|--|\/\*)/.test(token)) {
      if (!inStatement) statements += 1;
      inStatement = true;
      if (token === "?") placeholders += 1;
    }
  }
  // A CREATE TRIGGER is one statement, though its body has semicolons of its own.
  if (/^\s*create\s+(?:temp\s+|temporary\s+)?trigger\s/i.test(sql)) statements = 1;
  return { placeholders, statements };
}

/** @throws TypeError `invalid_argument` if the text is not one statement */
export function checkOneStatement({ statements }: StatementShape, sql: string): void {
  if (statements === 1) return;
  throw typeMistake("invalid_argument", `expected one SQL statement, found ${statements} in ${shorten(sql)}`);
}

/** @throws TypeError `invalid_argument` if the text has another number of placeholders */
export function checkCount({ placeholders }: StatementShape, sql: string, params: readonly SqlParam[]): void {
  if (placeholders === params.length) return;
  throw typeMistake(
    "invalid_argument",
    `expected ${placeholders} parameters, found ${params.length}, for ${shorten(sql)}`,
  );
}

export function shorten(sql: string): string {
  return sql.length > LONGEST_SHOWN_SQL ? `${sql.slice(0, LONGEST_SHOWN_SQL)}...` : sql;
}

/**
 * A checked parameter in the form in which the drivers bind it without loss.
 * @throws RangeError `invalid_argument` for a bigint of more than 64 bits
 */
export function toSqliteValue(param: SqlParam): string | number | bigint | null | Buffer {
  if (typeof param === "string" || param === null) return param;
  if (typeof param === "bigint") {
    if (BigInt.asIntN(64, param) === param) return param;
    throw rangeMistake("invalid_argument", `an SQL parameter must fit in 64 bits, found ${showKind(param)}`);
  }
  // Drivers bind a number as a floating-point value, which a text column stores as "1.0".
  if (typeof param === "number" && Number.isSafeInteger(param)) return BigInt(param);
  if (typeof param === "number") return param;
  if (param.byteLength === 0) return EMPTY_BLOB;
  return Buffer.from(param.buffer, param.byteOffset, param.byteLength);
}

/** Makes `Buffer`s of the blobs of a row: libsql gives `ArrayBuffer`s. */
export function normalizeRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, cell] of Object.entries(row)) {
    if (cell instanceof ArrayBuffer) row[name] = Buffer.from(cell);
  }
  return row;
}
