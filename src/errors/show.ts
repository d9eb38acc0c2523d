import { readProperty } from "./thrown.ts";

const MOST_SHOWN = 80;

/**
 * Any value as text for a message: short, and telling the value's type. Of text it tells the length alone, since text may
 * be a password, a connection URL or a person's data.
 */
export function show(value: unknown): string {
  if (typeof value === "string")
    return `a string of ${value.length} ${value.length === 1 ? "character" : "characters"}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${nameOf(value) ?? "(anonymous)"}`;
  if (typeof value === "symbol") return "a symbol";
  return typeof value === "object" && value !== null ? showObject(value) : String(value);
}

/**
 * As {@link show}, but with the text itself: for names of tables, columns, options and consumers, and for ids and cursors.
 * Text that may hold a password, such as a connection URL, is not shown as a name either.
 */
export function showName(value: unknown): string {
  if (typeof value !== "string" || mayBeSecret(value)) return show(value);
  return JSON.stringify(value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN - 3)}...` : value);
}

/** As {@link show}, but without the number itself: for what is data of the user's, such as a foreign id or a parameter. */
export function showKind(value: unknown): string {
  if (typeof value === "bigint") return `a bigint of ${String(value).replace("-", "").length} digits`;
  if (typeof value !== "number" || !Number.isFinite(value)) return show(value);
  if (!Number.isInteger(value)) return "a number with a fraction";
  return Number.isSafeInteger(value) ? "a whole number" : "a whole number beyond 2^53";
}

/** A name, id or cursor as it stands in the details of an error: the text itself, or what it is where it can't be shown. */
export function nameDetail(value: unknown): string {
  return typeof value === "string" && !mayBeSecret(value) ? value : show(value);
}

/** Connection strings are URLs, or lists of keys and values such as "user=shop;password=...". */
function mayBeSecret(text: string): boolean {
  return /:\/\/|[=@]/.test(text);
}

function showObject(value: object): string {
  const length = isArray(value) ? readProperty(value, "length") : undefined;
  if (typeof length === "number") return `an array of ${length}`;
  const maker = readProperty(value, "constructor");
  return `an object (${typeof maker === "function" ? (nameOf(maker) ?? "no name") : "no name"})`;
}

/** The name of a class or function, which a program gave it. Only a name that code can have is shown. */
function nameOf(made: unknown): string | undefined {
  const name = readProperty(made, "name");
  return typeof name === "string" && /^[\w$ ]{1,60}$/.test(name) ? name : undefined;
}

// `Array.isArray` throws for a proxy that was revoked.
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
