import { meaningOf } from "../../database/sql-errors.ts";

const MOST_CAUSES = 10;

/**
 * Whether `error` says that a row of this consumer and event is there already: a driver's duplicate-key error, or an error
 * of ours caused by one. For inserters of your own; the default one brings the row up to date instead.
 */
export function isDuplicateErrorInsertion(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && current instanceof Error; depth++) {
    if (meaningOf(current) === "duplicate_key") return true;
    current = current.cause;
  }
  return false;
}
