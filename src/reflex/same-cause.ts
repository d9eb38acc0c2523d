import { driverFacts, errorsUnder } from "../errors/driver-error.ts";
import { isReflexError } from "../errors/reflex-error.ts";

/** Whether both are errors of a database that the same failure of a server or its driver has caused. */
export function haveSameCause(one: unknown, other: unknown): boolean {
  const code = causeOf(one);
  return code !== undefined && code === causeOf(other);
}

function causeOf(error: unknown): string | number | undefined {
  if (!isReflexError(error, "database_error")) return undefined;
  const facts = errorsUnder(error.cause)
    .map(driverFacts)
    .find((found) => found !== undefined);
  return facts?.code ?? facts?.number ?? facts?.sqliteCode;
}
