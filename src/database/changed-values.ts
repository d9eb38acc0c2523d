import { ReflexError } from "../errors/reflex-error.ts";
import type { Executor, RunResult } from "./database.ts";

/** A value that the server has changed to make it fit its column. */
export interface ChangedValue {
  /** The column; undefined if the server's words don't show it. */
  readonly column: string | undefined;
  /** The number of the row in its statement, from 1 on; undefined if the server's words don't show it. */
  readonly row: number | undefined;
}

/** What the warnings of a statement say. */
export interface StatementWarnings {
  /** The values that were changed, as far as the server tells of them. */
  readonly changed: readonly ChangedValue[];
  /** Whether the server tells of all warnings. It keeps only some, and forgets them at the connection's next statement. */
  readonly complete: boolean;
}

// Out of range, cut, not convertible, too long: what a strict server refuses. Other warnings change no value.
const CHANGES_VALUE = new Set([1264, 1265, 1366, 1406]);

/** Reads the warnings of the statement that ran last. `count` is how many the server has counted. */
export async function readWarnings(executor: Executor, count: number): Promise<StatementWarnings> {
  const rows = await showWarnings(executor);
  const changed = rows.filter(({ Code }) => CHANGES_VALUE.has(Number(Code))).map(({ Message }) => parse(Message));
  return { changed, complete: rows.length >= count };
}

/** An executor that refuses what a server outside of strict mode makes of values, on a transaction that is then rolled back. */
export class StrictExecutor implements Executor {
  readonly #executor: Executor;
  readonly #table: string;

  /** `table` is named in errors. */
  constructor(executor: Executor, table: string) {
    this.#executor = executor;
    this.#table = table;
  }

  async run(...call: Parameters<Executor["run"]>): Promise<RunResult> {
    const result = await this.#executor.run(...call);
    const { warnings = 0 } = result;
    if (warnings === 0) return result;
    const { changed } = await readWarnings(this.#executor, warnings);
    if (changed.length > 0) throw changedValue(this.#table, changed[0]);
    return result;
  }

  rows<R extends object>(...call: Parameters<Executor["rows"]>): Promise<R[]> {
    return this.#executor.rows<R>(...call);
  }
}

/** The error of a statement on this table whose values the server has changed. */
export function changedValue(table: string, { column, row }: Partial<ChangedValue> = {}, remedy = ""): ReflexError {
  const value = column === undefined ? "a value" : `the value of column ${column}`;
  const place = row === undefined ? "" : ` in row ${row} of the statement`;
  const message = `the server has changed what was written to ${table}, as ${value}${place} does not fit; ${remedy}change the column or the value; with a strict sql_mode the server refuses such a statement`;
  return new ReflexError("value_changed", message, { details: { table } });
}

interface WarningRow {
  readonly Code: number | string | bigint;
  readonly Message: string;
}

function showWarnings(executor: Executor): Promise<WarningRow[]> {
  const { control } = executor as { control?: (text: string) => Promise<WarningRow[]> };
  // The warnings are those of the last statement that was sent. To prepare one would be another.
  return control === undefined ? executor.rows("show warnings", []) : control.call(executor, "show warnings");
}

// The message may hold the value too, which may read like anything: what counts is the end.
function parse(message: string): ChangedValue {
  const [, column, row] = /^.*for column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`'] at row (\d+)$/s.exec(message) ?? [];
  return { column, row: row === undefined ? undefined : Number(row) };
}
