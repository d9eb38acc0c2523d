import { rangeMistake, show, typeMistake } from "../errors/reflex-error.ts";
import { isThenable } from "../waiting/thenable.ts";

type Check = (value: unknown) => string | undefined;

/** For each option of a function or class, the check of its value. An option that is not listed is unknown. */
export type OptionChecks<O> = { readonly [K in keyof Required<O>]: Check };

/**
 * Checks an options object: it may have no unknown name, and no value of a wrong type. `undefined` counts as not given.
 * @throws TypeError or RangeError `invalid_option`, naming owner, option and value.
 */
export function checkOptions<O extends object>(owner: string, options: unknown, checks: OptionChecks<O>): O {
  if (options === undefined) return {} as O;
  if (!isOptions(options)) {
    throw typeMistake("invalid_option", `the options of ${owner} must be an object, found ${show(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? (checks as Record<string, Check>)[name] : undefined;
    if (check === undefined) throw unknownOption(owner, name, Object.keys(checks));
    const problem = value === undefined ? undefined : check(value);
    if (problem === undefined) continue;
    const mistake = typeof value === "number" ? rangeMistake : typeMistake;
    throw mistake("invalid_option", `option ${name} of ${owner} must be ${problem}, found ${show(value)}`);
  }
  return options as O;
}

/**
 * Whether this can be an options object. A promise that nobody awaited, a signal or a map would otherwise pass for an
 * object without options.
 */
function isOptions(options: unknown): options is object {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const prototype: unknown = Object.getPrototypeOf(options);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return plain || (Object.keys(options).length > 0 && !isThenable(options));
}

function unknownOption(owner: string, name: string, known: readonly string[]): TypeError {
  return typeMistake("invalid_option", `${owner} has no option ${show(name)}; it has ${known.join(", ")}`);
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
  return (value) => (allowed.includes(value) ? undefined : `one of ${allowed.map(show).join(", ")}`);
}

export function either(...checks: readonly Check[]): Check {
  return (value) => {
    const problems = checks.map((check) => check(value));
    return problems.includes(undefined) ? undefined : problems.join(" or ");
  };
}
