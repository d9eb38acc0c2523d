import { createPool, type Pool, type RowDataPacket } from "mysql2/promise";
import { createTables, EventsTable, type EventsTableOptions } from "reflex-rsql";

let tables = 0;

/** A pool of mysql2 as its users make it, but for its size. */
export function openPool(url: string, connections = 10): Pool {
  return createPool(`${url}&connectionLimit=${connections}`);
}

/** A new, empty events table under a name of its own. */
export async function makeTable(pool: Pool, options: EventsTableOptions = {}): Promise<EventsTable> {
  const table = new EventsTable(`bench_${++tables}_${process.pid}`, options);
  await createTables(pool, [table]);
  return table;
}

/** Rows that the server writes by itself. */
export interface RowsToWrite {
  readonly count: number;
  /** The id below the first one. @defaultValue 0 */
  readonly after?: number;
  /** An SQL expression of `n`, the row's id, for further columns or other contents. @defaultValue none */
  readonly columns?: Readonly<Record<string, string>>;
}

/**
 * Rows `after + 1` to `after + count`, written by the server itself: foreign ids of 8 characters, times a millisecond
 * apart, types 1 to 5.
 */
export async function fillTable(
  pool: Pool,
  { name }: { readonly name: string },
  { count, after = 0, columns = {} }: RowsToWrite,
): Promise<void> {
  for (let written = 0; written < count; written += CHUNK) {
    await insertRows(pool, name, { count: Math.min(CHUNK, count - written), after: after + written, columns });
  }
  await pool.query<RowDataPacket[]>(`analyze table \`${name}\``);
}

/** As {@link fillTable}, in one statement that is a transaction of its own: at most 100 000 rows. */
export async function insertRows(
  pool: Pool,
  name: string,
  { count, after = 0, columns = {} }: RowsToWrite,
): Promise<void> {
  const contents: Readonly<Record<string, string>> = {
    id: "n",
    foreign_id: "lpad(hex(n), 8, '0')",
    timestamp: "date_add('2026-01-01', interval n * 1000 microsecond)",
    type: "1 + n mod 5",
    ...columns,
  };
  const names = Object.keys(contents).map((column) => `\`${column}\``);
  await pool.query(
    `insert into \`${name}\` (${names.join(", ")}) select ${Object.values(contents).join(", ")} from (${numbers(after, count)}) as numbers`,
  );
}

const CHUNK = 100_000;
const DIGITS =
  "(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)";

function numbers(after: number, count: number): string {
  const places = Array.from({ length: Math.max(1, Math.ceil(Math.log10(count))) }, (_, place) => place);
  const sum = places.map((place) => `${10 ** place} * d${place}.d`).join(" + ");
  const digitTables = places.map((place) => `${DIGITS} d${place}`).join(" cross join ");
  return `select ${after} + 1 + ${sum} as n from ${digitTables} having n <= ${after + count}`;
}
