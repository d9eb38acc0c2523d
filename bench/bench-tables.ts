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

/**
 * Rows 1 to `count`, written by the server itself: foreign ids of 8 characters, times a millisecond apart, types 1 to 5.
 * `columns` gives an SQL expression of `n`, the row's number, for further columns or other contents.
 */
export async function fillTable(
  pool: Pool,
  { name }: { readonly name: string },
  { count, columns = {} }: { readonly count: number; readonly columns?: Readonly<Record<string, string>> },
): Promise<void> {
  const contents: Readonly<Record<string, string>> = {
    id: "n",
    foreign_id: "lpad(hex(n), 8, '0')",
    timestamp: "date_add('2026-01-01', interval n * 1000 microsecond)",
    type: "1 + n mod 5",
    ...columns,
  };
  const names = Object.keys(contents).map((column) => `\`${column}\``);
  const connection = await pool.getConnection();
  try {
    for (let from = 0; from < count; from += CHUNK) {
      const rows = Math.min(CHUNK, count - from);
      await connection.query(
        `insert into \`${name}\` (${names.join(", ")}) select ${Object.values(contents).join(", ")} from (${numbers(from, rows)}) as numbers`,
      );
    }
    await connection.query<RowDataPacket[]>(`analyze table \`${name}\``);
  } finally {
    connection.release();
  }
}

const CHUNK = 100_000;
const DIGITS =
  "(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)";

function numbers(from: number, count: number): string {
  const digits = [1, 10, 100, 1000, 10_000].map((factor, index) => `${factor} * d${index}.d`).join(" + ");
  const digitTables = [0, 1, 2, 3, 4].map((index) => `${DIGITS} d${index}`).join(" cross join ");
  return `select ${from} + 1 + ${digits} as n from ${digitTables} having n <= ${from + count}`;
}
