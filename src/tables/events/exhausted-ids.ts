import type { Executor } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import { duplicateKeyName, duplicateNumber } from "../../database/sql-errors.ts";
import { driverFacts, errorsUnder } from "../../errors/driver-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { TableDefinition } from "./table-context.ts";

// MariaDB: the next id does not fit the column.
const OUT_OF_RANGE_ID = 167;
// The counter can't be read: it is beyond its type's end, or the transaction was the victim of a deadlock on it.
const UNREADABLE_COUNTER = 1467;
// The largest step between two ids that servers take.
const LARGEST_STEP = 65_535n;

export interface FailedInsert extends TableDefinition {
  readonly executor: Executor;
  readonly dialect: Dialect;
  /** The table as it is known; undefined if it is not. */
  readonly description: TableDescription | undefined;
}

/**
 * The error of a table whose id column has come to its end, if that is why an insert failed. On MySQL such an insert fails
 * as one whose id a noop has taken does, and would fail for ever.
 */
export async function exhaustedIds(error: unknown, insert: FailedInsert): Promise<ReflexError | undefined> {
  const column = insert.description?.columns.get(insert.config.fields.id.toLowerCase());
  if (column === undefined || !(await isExhausted(error, column, insert))) return undefined;
  const { table } = insert;
  const larger = /^(?:tiny|small|medium)?int/.test(column.fullType)
    ? "make it bigint (alter table ... modify): ids stay as they are"
    : "ids were inserted by hand, or the counter was set far ahead: go on in a new table";
  return new ReflexError(
    "wrong_schema",
    `${table} can take no more events: its id column ${column.name} is ${column.fullType} and has come to its end, ${largestId(column)}; ${larger}`,
    { cause: error, details: { table, column: column.name } },
  );
}

async function isExhausted(error: unknown, column: ColumnDescription, insert: FailedInsert): Promise<boolean> {
  const numbers = errorsUnder(error).map((found) => driverFacts(found)?.number);
  if (numbers.includes(OUT_OF_RANGE_ID)) return true;
  if (duplicateKeyName(error) === "PRIMARY") return duplicateNumber(error) === String(largestId(column));
  if (!numbers.includes(UNREADABLE_COUNTER)) return false;
  const highest = await highestId(insert);
  return highest !== undefined && highest >= largestId(column) - LARGEST_STEP;
}

async function highestId({ executor, dialect, table, config }: FailedInsert): Promise<bigint | undefined> {
  const id = dialect.quote(config.fields.id);
  const sql = `select ${dialect.asText(`max(${id})`)} as highest from ${dialect.quote(table)}`;
  const limits = { timeoutMs: config.statementTimeoutMs };
  const [row] = await executor.rows<{ highest: string | null }>(sql, [], limits).catch(() => []);
  return row?.highest === undefined || row.highest === null ? undefined : BigInt(row.highest);
}

function largestId({ largest, fullType }: ColumnDescription): bigint {
  return largest ?? (fullType.includes("unsigned") ? 2n ** 64n : 2n ** 63n) - 1n;
}
