import { type DriverFacts, driverFacts, errorsUnder } from "./driver-error.ts";
import { driverNames, driverText } from "./driver-text.ts";
import { show } from "./show.ts";
import { isError, readProperty } from "./thrown.ts";

const MOST_CAUSES = 5;

/**
 * What was thrown, as text for a message, with its name. It never throws itself, whatever was thrown. Of an error of a
 * database it has the kind and the names, but none of the values that drivers and ORMs put into theirs. What a program
 * has thrown itself is its own text, and shown as it is.
 */
export function showError(error: unknown): string {
  if (!isError(error)) return errorText(error);
  const name = readProperty(error, "name");
  if (typeof name !== "string") return show(error);
  const text = errorText(error);
  return text === "" ? name : `${name}: ${text}`;
}

/** As {@link showError}, but without the name of the error. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return JSON.stringify(error.length > 80 ? `${error.slice(0, 77)}...` : error);
  if (!isError(error)) return show(error);
  const message = readProperty(error, "message");
  const own = typeof message === "string" ? message : show(error);
  if (readProperty(error, "name") === "ReflexError") return own;
  const [facts, wrapped] = factsUnder(error);
  const isOrm = isOrmError(error);
  if (facts === undefined) return isOrm ? `an error of a statement whose own words may hold values` : own;
  const repeats = facts.message !== "" && own.includes(facts.message);
  return wrapped && !repeats && !isOrm ? own : driverText(facts);
}

/** As {@link showError}, with what has caused the error. A cause whose text stands there already is not told again. */
export function showWithCauses(error: unknown): string {
  return withCauses(showError(error), error);
}

/** As {@link showWithCauses}, but without the name of the error itself. */
export function textWithCauses(error: unknown): string {
  return withCauses(errorText(error), error);
}

function withCauses(shown: string, error: unknown): string {
  let text = shown;
  let cause = readProperty(error, "cause");
  for (let depth = 0; depth < MOST_CAUSES && cause !== undefined; depth++) {
    if (!text.includes(errorText(cause))) text += `; caused by ${showError(cause)}`;
    cause = readProperty(cause, "cause");
  }
  return text;
}

/**
 * What kind of error was thrown, for the message of one whose `cause` it is: a database's error by its name, its number and
 * what it names, others by their names. Its text is left out: loggers such as pino print that of a cause behind the error's.
 */
export function kindOfCause(error: unknown): string {
  return isError(error) ? `${kindOfError(error)} (see its cause)` : show(error);
}

/** As {@link kindOfCause}, for a message that no cause goes with. */
export function kindOfError(error: unknown): string {
  if (!isError(error)) return show(error);
  const [facts] = factsUnder(error);
  const name = readProperty(error, "name");
  return facts === undefined ? (typeof name === "string" ? name : "an error") : kindOfDriverError(facts);
}

function kindOfDriverError(facts: DriverFacts): string {
  const { code, number, sqliteCode } = facts;
  const names = driverNames(facts);
  const serversNumber = number !== undefined && number > 0 ? number : undefined;
  const kind = [code, serversNumber ?? sqliteCode].filter((part) => part !== undefined).join(" ");
  return names === "" ? kind : `${kind} of ${names}`;
}

/** The facts of the database's error in this one, and whether another error wraps it. */
function factsUnder(error: Error): [facts: DriverFacts | undefined, wrapped: boolean] {
  for (const [depth, found] of errorsUnder(error).entries()) {
    const facts = driverFacts(found);
    if (facts !== undefined) return [facts, depth > 0];
  }
  return [undefined, false];
}

/** ORMs put the statement and its values into messages, and keep them beside: Drizzle, TypeORM and Sequelize do. */
function isOrmError(error: Error): boolean {
  const [statement, values] = [
    ["query", "sql"],
    ["params", "parameters"],
  ];
  return [statement, values].every((names) => names?.some((name) => readProperty(error, name) !== undefined));
}
