import { showName } from "../errors/show.ts";
import { anObject } from "../options/check-options.ts";
import type { Observer } from "./observer.ts";

const KNOWN: Readonly<Record<keyof Observer, true>> = {
  poll: true,
  page: true,
  gap: true,
  stall: true,
  flush: true,
  hold: true,
  cursorChange: true,
  consume: true,
  error: true,
};

/**
 * The check of an observer among options: what it calls by a known name must be a function. An object of no class may have no
 * other names, since a misspelt one would never be called. One of a class may have methods of its own.
 */
export function anObserver(value: unknown): string | undefined {
  const problem = anObject(value);
  if (problem !== undefined) return problem;
  const observer = value as Record<string, unknown>;
  const wrong = Object.keys(KNOWN).find((name) => !["function", "undefined"].includes(typeof observer[name]));
  if (wrong !== undefined) return `an object whose ${wrong} is a function`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  const unknown = isPlain ? Object.keys(observer).find((name) => !Object.hasOwn(KNOWN, name)) : undefined;
  if (unknown === undefined) return undefined;
  return `an object with some of the functions ${Object.keys(KNOWN).join(", ")}, and without ${showName(unknown)}`;
}
