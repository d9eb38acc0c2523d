import { typeMistake } from "../errors/reflex-error.ts";
import { showName } from "../errors/show.ts";

const LONGEST_IDENTIFIER = 64;

/**
 * Splits a table's name into schema and table, and checks both. Every character is allowed that MySQL takes inside
 * quotes, but for the quote characters and the dot, which would be read as something else.
 * @throws TypeError `invalid_identifier`
 */
export function parseTableName(name: unknown, what = "table name"): readonly string[] {
  const parts = typeof name === "string" ? name.split(".") : [];
  if (parts.length < 1 || parts.length > 2) {
    throw typeMistake("invalid_identifier", `${what} must be "table" or "schema.table", found ${showName(name)}`);
  }
  return parts.map((part) => checkIdentifier(part, what));
}

/**
 * Returns `name` if it can be quoted safely.
 * @throws TypeError `invalid_identifier`
 */
export function checkIdentifier(name: unknown, what: string): string {
  const problem = identifierProblem(name);
  if (problem !== undefined) {
    throw typeMistake("invalid_identifier", `${what} ${problem}, found ${showName(name)}`);
  }
  return name as string;
}

function identifierProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return "must be a string";
  if (name === "") return "must not be empty";
  if (name.length > LONGEST_IDENTIFIER) return `must have at most ${LONGEST_IDENTIFIER} characters`;
  if (/[`"'\\.?;]/.test(name)) return "must not contain quotes, backslashes, dots, question marks or semicolons";
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name)) return "must not contain control characters";
  if (/[\ud800-\udfff]/.test(name)) return "must not contain characters beyond the basic plane, which servers refuse";
  // The name would stand in every message, with the password.
  if (name.includes("://")) return "must not be a connection URL";
  if (name !== name.trim()) return "must not begin or end with a space";
  return undefined;
}
