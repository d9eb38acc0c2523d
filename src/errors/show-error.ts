import { type DriverFacts, driverFacts, errorsUnder } from "./driver-error.ts";
import { driverText } from "./driver-text.ts";
import { show } from "./show.ts";
import { isError, readProperty } from "./thrown.ts";

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
