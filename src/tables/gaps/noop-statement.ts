import type { SqlParam, Statement } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import type { TableDefinition } from "../events/table-context.ts";

/** What the text of the statement depends on. */
export interface NoopStatementSource extends TableDefinition {
  readonly dialect: Dialect;
  /** The values that the user gives for a noop's columns. */
  readonly noopValues: Readonly<Record<string, SqlParam>>;
}

/** A row above the noops, as the server that they go to has just shown it. */
export interface RowAbove {
  readonly id: bigint;
  /** Its time in microseconds; null if it has none. */
  readonly micros: bigint | null;
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
// Two of the row above, and the first id once more.
const PARAMS_OF_ROW_ABOVE = 2;
// IGNORE makes a warning of most errors, and then a row with some other id. Not of a number that is out of range. It is an
// integer, since an `if` that gives one or a fraction makes a fraction of both: ids beyond 2^53 would be rounded.
const FAIL = "cast(exp(1000) as signed)";
/** The number of the error that ends a statement whose row above is not there. */
export const ROW_ABOVE_MISSING = 1690;

/**
 * The statement that inserts a noop at each of these ids, as many as one statement takes. IGNORE leaves out ids that
 * someone else has taken meanwhile. A noop that can't be inserted is noticed at the next poll. With `above`, it inserts nothing
 * unless that row is there when it runs, and ends in the error {@link ROW_ABOVE_MISSING}.
 *
 * Ids stand in the text: to prepare a statement would cost a round trip, and a packet for each placeholder. Where the user's
 * values are bound, the ids are too, since each text is prepared.
 */
export function noopStatement(source: NoopStatementSource, ids: readonly bigint[], above?: RowAbove): NoopStatement {
  const { table, config, dialect, noopValues } = source;
  const { fields, time } = config;
  const own = Object.entries(noopValues);
  const named = new Set(own.map(([column]) => column));
  const standard = [
    [fields.foreignId, "0"],
    [fields.time, dialect.eventTime(time)],
    [fields.type, "0"],
  ].filter(([column = ""]) => !named.has(column));
  const columns = [fields.id, ...standard.map(([column = ""]) => column), ...named];
  const params: SqlParam[] = [];
  const bound = own.length > 0;
  const integer = (value: bigint): string => {
    if (bound) params.push(String(value));
    return bound ? dialect.integerParam : String(value);
  };
  const taken = bound ? padded(ids, 1 + own.length) : ids.slice(0, SIZES.at(-1));
  const others = [...standard.map(([, value]) => value), ...own.map(() => "?")].join(", ");
  const values = own.map(([, value]) => value);
  const rows = taken.map((id, index) => {
    const idSql = index === 0 && above !== undefined ? ifThere(source, { above, id, integer }) : integer(id);
    if (bound) params.push(...values);
    return `(${idSql}, ${others})`;
  });
  const sql = `insert ignore into ${dialect.quote(table)} (${columns.map((column) => dialect.quote(column)).join(", ")}) values ${rows.join(", ")}`;
  return { sql, params, columns, rows: rows.length };
}

/** As many ids as a statement takes, the last one repeated up to one of a few sizes: each text is prepared. */
function padded(ids: readonly bigint[], paramsOfRow: number): bigint[] {
  const sizes = SIZES.filter((size) => size * paramsOfRow + PARAMS_OF_ROW_ABOVE <= MOST_PARAMS);
  const taken = ids.slice(0, sizes.at(-1));
  const size = sizes.find((candidate) => candidate >= taken.length) ?? taken.length;
  return [...taken, ...Array.from({ length: size - taken.length }, () => taken.at(-1) ?? 0n)];
}

/**
 * The id if the row above is there, else an error. The row is found by its key: only it is locked, and no place where writers
 * insert, whatever the isolation level.
 */
function ifThere(
  { table, config, dialect }: NoopStatementSource,
  { above, id, integer }: { above: RowAbove; id: bigint; integer: (value: bigint) => string },
): string {
  const { fields, time } = config;
  const micros = dialect.eventMicros(`t.${dialect.quote(fields.time)}`, time);
  const isThere = `t.${dialect.quote(fields.id)} = ${integer(above.id)}`;
  const isSame = `${micros} <=> ${above.micros === null ? "null" : integer(above.micros)}`;
  // A table that is written to may be read only through a derived table.
  const found = `select count(*) as found from ${dialect.quote(table)} as t where ${isThere} and ${isSame}`;
  return `if((select g.found from (${found}) as g) = 1, ${integer(id)}, ${FAIL})`;
}
