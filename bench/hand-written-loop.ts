import type { Pool, RowDataPacket } from "mysql2/promise";

interface HandWrittenRow extends RowDataPacket {
  readonly id: number;
  readonly foreign_id: string;
  readonly timestamp: Date;
  readonly type: number;
}

/** What a loop does with each row. */
export type EachRow = (row: HandWrittenRow) => void;

export interface LoopOptions {
  readonly name: string;
  /** Further columns. @defaultValue none */
  readonly columns?: readonly string[];
  readonly each?: EachRow;
}

const PAGE = 1000;

/**
 * What a user would write by hand: `execute` on one connection, pages of 1000, the columns as they are, one object a row.
 * Resolves with the number of rows.
 */
export async function handWrittenLoop(pool: Pool, options: LoopOptions): Promise<number> {
  const { name, columns = [], each = () => undefined } = options;
  const all = ["id", "foreign_id", "timestamp", "type", ...columns].map((column) => `\`${column}\``).join(", ");
  const sql = `select ${all} from \`${name}\` where id > ? order by id limit ${PAGE}`;
  const connection = await pool.getConnection();
  let count = 0;
  try {
    for (let after = 0; ; ) {
      const [rows] = await connection.execute<HandWrittenRow[]>(sql, [after]);
      for (const row of rows) {
        each(row);
        count++;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return count;
      after = last.id;
    }
  } finally {
    connection.release();
  }
}
