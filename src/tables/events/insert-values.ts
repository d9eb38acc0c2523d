import { type ChangedValue, changedValue } from "../../database/changed-values.ts";
import type { SqlParam } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import { overflow, type StoredValue, silentChange } from "../schema/stored-value.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { EventFields } from "./events-table-options.ts";

/** The columns of an insert, in the order of its parameters. */
export function insertedColumns({ foreignId, type, metadata, trace }: EventFields): readonly string[] {
  return [foreignId, type, ...[metadata, trace].filter((field) => field !== undefined)];
}

export interface ValuesToCheck {
  readonly description: TableDescription;
  readonly dialect: Dialect;
  /** The columns, in the order of the parameters. */
  readonly columns: readonly string[];
  /** The values of all rows, one after the other. */
  readonly params: readonly SqlParam[];
  /** Whether lengths and ranges are checked too: where the server does not tell what it has changed. */
  readonly lengths: boolean;
}

/** What becomes of the first value that its column would not keep as it is; undefined if all are kept. */
export function valueProblem({ description, dialect, columns, params, lengths }: ValuesToCheck): string | undefined {
  const described = columns.map((name) => description.columns.get(name.toLowerCase()));
  for (const [index, param] of params.entries()) {
    const column = described[index % columns.length];
    const value = param as StoredValue;
    const problem = column && (silentChange(column, value, dialect) ?? (lengths ? overflow(column, value) : undefined));
    if (problem === undefined) continue;
    const row = Math.floor(index / columns.length) + 1;
    return `column ${column?.name} is ${column?.fullType} and ${problem}${params.length > columns.length ? ` (event ${row} of its statement)` : ""}`;
  }
  return undefined;
}

/** The error of an insert that was not made. */
export function wouldChange(table: string, problem: string): ReflexError {
  const message = `the event can't be inserted into ${table} as it is: ${problem}`;
  return new ReflexError("value_changed", message, { details: { table } });
}

const ROLL_BACK =
  "given a pool, or inside transaction(), nothing of it is stored; roll a transaction of your own back (outside of one, the row is stored as the server made it), and ";

/** The error of an insert whose values the server has changed. */
export function hasChanged(table: string, changed: readonly ChangedValue[], problem?: string): ReflexError {
  if (changed.length > 0 || problem === undefined) return changedValue(table, changed[0], ROLL_BACK);
  const message = `the server has changed what was written to ${table}: ${problem}; ${ROLL_BACK}change the column or the value`;
  return new ReflexError("value_changed", message, { details: { table } });
}
