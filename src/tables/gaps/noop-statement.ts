import type { SqlParam, Statement } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import type { TableDefinition } from "../events/table-context.ts";

/** What the text of the statement depends on. */
export interface NoopStatementSource extends TableDefinition {
  readonly dialect: Dialect;
  /** The values that the user gives for a noop's columns. */
  readonly noopValues: Readonly<Record<string, SqlParam>>;
}

/** A statement that inserts noops. */
export interface NoopStatement extends Statement {
  /** The columns that it fills. */
  readonly columns: readonly string[];
  /** How many rows it names. The last id may be named several times. */
  readonly rows: number;
}

const SIZES = [1, 10, 100, 1000, 10_000] as const;
// The most placeholders of one statement, below the 65 535 that servers prepare. Ids that are left over come in the
// next round.
const MOST_PARAMS = 60_000;

/**
 * The statement that inserts a noop at each of these ids, as many as one statement takes. IGNORE leaves out ids that
 * someone else has taken meanwhile. A noop that can't be inserted is noticed at the next poll.
 */
export function noopStatement(source: NoopStatementSource, ids: readonly bigint[]): NoopStatement {
  const { table, config, dialect, noopValues } = source;
  const { fields, time } = config;
  // The user's values must not name the columns that make the row a noop.
  const own = Object.entries(noopValues).filter(([column]) => column !== fields.id && column !== fields.type);
  const named = new Set(own.map(([column]) => column));
  const standard = [
    [fields.foreignId, "0"],
    [fields.time, dialect.eventTime(time)],
    [fields.type, "0"],
  ].filter(([column = ""]) => !named.has(column));
  const columns = [fields.id, ...standard.map(([column = ""]) => column), ...named];
  const row = `(${[dialect.integerParam, ...standard.map(([, value]) => value), ...own.map(() => "?")].join(", ")})`;
  const sizes = SIZES.filter((candidate) => candidate * (1 + own.length) <= MOST_PARAMS);
  const taken = ids.slice(0, sizes.at(-1));
  const size = sizes.find((candidate) => candidate >= taken.length) ?? taken.length;
  const padded = [...taken, ...Array.from({ length: size - taken.length }, () => taken.at(-1) ?? 0n)];
  const values = padded.map(() => row).join(", ");
  const sql = `insert ignore into ${dialect.quote(table)} (${columns.map((column) => dialect.quote(column)).join(", ")}) values ${values}`;
  const params = padded.flatMap((id) => [String(id), ...own.map(([, value]) => value)]);
  return { sql, params, columns, rows: padded.length };
}
