import { isMistake, isReflexError, rangeMistake, typeMistake } from "../errors/reflex-error.ts";
import { show, showName } from "../errors/show.ts";
import { isThenable } from "../waiting/thenable.ts";

type Check = (value: unknown) => string | undefined;

/** For each option of a function or class, the check of its value. An option that is not listed is unknown. */
export type OptionChecks<O> = { readonly [K in keyof Required<O>]: Check };

/**
 * Checks an options object: it may have no unknown name, and no value of a wrong type. `undefined` counts as not given.
 * Returns a frozen copy of the values that were checked. Each is read once, however it is given: inherited, by a getter or
 * by a proxy, it might be another when it is read again.
 * @throws TypeError or RangeError `invalid_option`, naming owner and option.
 */
export function checkOptions<O extends object>(owner: string, options: unknown, checks: OptionChecks<O>): Readonly<O> {
  if (options === undefined) return Object.freeze({}) as O;
  const names = Object.keys(checks);
  if (!isOptions(options, names)) {
    throw typeMistake("invalid_option", `the options of ${owner} must be an object, found ${show(options)}`);
  }
  const unknown = namesOf(options).find((name) => !Object.hasOwn(checks, name));
  if (unknown !== undefined) throw unknownOption(owner, unknown, names);
  const given: Record<string, unknown> = {};
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    // A clone drops an option of its table that is given as undefined.
    if (value === undefined && !(name in options)) continue;
    const problem = value === undefined ? undefined : problemOf(value, (checks as Record<string, Check>)[name]);
    if (problem !== undefined) throw wrongOption(`option ${name} of ${owner}`, problem, value);
    given[name] = value;
  }
  return Object.freeze(given) as O;
}

/** What the check says. A value that can't be looked at, such as a proxy that was revoked, is none that can be used. */
function problemOf(value: unknown, check: Check | undefined): string | undefined {
  try {
    return check?.(value);
  } catch (error) {
    if (isMistake(error) || isReflexError(error)) throw error;
    return "a value that can be looked at";
  }
}

/** Whether this can be an options object. A proxy that was revoked can't: nothing about it can be asked. */
function isOptions(options: unknown, names: readonly string[]): options is object {
  try {
    return looksLikeOptions(options, names);
  } catch {
    return false;
  }
}

/** A promise that nobody awaited, a signal or a map would otherwise pass for an object without options. */
function looksLikeOptions(options: unknown, names: readonly string[]): boolean {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const prototype: unknown = Object.getPrototypeOf(options);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (plain) return true;
  if (options instanceof AbortSignal || isThenable(options)) return false;
  return Object.keys(options).length > 0 || names.some((name) => name in options);
}

/** The names of all options that are given, inherited ones included. What every object inherits is none. */
function namesOf(options: object): string[] {
  const names = Object.keys(options);
  for (const name in options) if (!(name in Object.prototype) && !names.includes(name)) names.push(name);
  return names;
}

function wrongOption(option: string, problem: string, value: unknown): TypeError | RangeError {
  const mistake = typeof value === "number" ? rangeMistake : typeMistake;
  return mistake("invalid_option", `${option} must be ${problem}, found ${show(value)}`);
}

function unknownOption(owner: string, name: string, known: readonly string[]): TypeError {
  return typeMistake("invalid_option", `${owner} has no option ${showName(name)}; it has ${known.join(", ")}`);
}

// Each check returns what the value must be, or undefined if the value is that.
export const aBoolean: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
export const aFunction: Check = (value) => (typeof value === "function" ? undefined : "a function");
export const anObject: Check = (value) => {
  const usable = typeof value === "object" && value !== null && !Array.isArray(value) && !isThenable(value);
  return usable ? undefined : "an object";
};
export const aSignal: Check = (value) => (value instanceof AbortSignal ? undefined : "an AbortSignal");
export const aString: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "a string of 1 character or more";
export const anyText: Check = (value) => (typeof value === "string" ? undefined : "a string");
export const aLogger: Check = (value) =>
  typeof Object(value).warn === "function" ? undefined : "a logger with a warn function";
/** A duration in ms, 0 or more; `Infinity` stands for no end. */
export const aDuration: Check = (value) =>
  typeof value === "number" && value >= 0 ? undefined : "a number of ms, 0 or more";
/** The duration of a wait that must end for events to go on. */
export const aFiniteDuration: Check = (value) =>
  Number.isFinite(value) && (value as number) >= 0 ? undefined : "a finite number of ms, 0 or more";
export const aCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "a whole number, 1 or more";

export function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => (allowed.includes(value) ? undefined : `one of ${allowed.map(showName).join(", ")}`);
}

export function either(...checks: readonly Check[]): Check {
  return (value) => {
    const problems = checks.map((check) => check(value));
    return problems.includes(undefined) ? undefined : problems.join(" or ");
  };
}
