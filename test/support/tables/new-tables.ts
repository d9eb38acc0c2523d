import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { toDatabase } from "../../../src/database/handles/recognise.ts";
import { CursorsTable } from "../../../src/tables/cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../../../src/tables/cursors/cursors-table-options.ts";
import { ErrorsTable } from "../../../src/tables/errors/errors-table.ts";
import type { ErrorsTableOptions } from "../../../src/tables/errors/errors-table-options.ts";
import { createTables, type SchemaSource } from "../../../src/tables/schema/table-schema.ts";

let tables = 0;

/** A table name that no other test of the file uses; files have databases of their own. */
export function newTableName(kind = "table"): string {
  tables += 1;
  return `${kind}_${tables}`;
}

/** A new cursors table that writes at once, made in the database. */
export async function newCursorsTable(db: DatabaseHandle, options: CursorsTableOptions = {}): Promise<CursorsTable> {
  const table = new CursorsTable(newTableName("cursors"), { asyncPeriodMs: 0, ...options });
  await createTables(db, [table]);
  return table;
}

/** A new errors table with its events table, made in the database. */
export async function newErrorsTable<RecordOnly extends boolean = false>(
  db: DatabaseHandle,
  options: ErrorsTableOptions<RecordOnly> = {},
): Promise<ErrorsTable<RecordOnly>> {
  const errors = new ErrorsTable<RecordOnly>({ tableName: newTableName("errors"), ...options });
  await createTables(db, [errors]);
  return errors;
}

/** The table, once it was made in the database. */
export async function created<Table extends SchemaSource>(db: DatabaseHandle, table: Table): Promise<Table> {
  await createTables(db, [table]);
  return table;
}

/** How many rows a table has. */
export async function rowCount(db: DatabaseHandle, table: string): Promise<number> {
  const [row] = await toDatabase(db).rows<{ found: number | bigint }>(`select count(*) as found from ${table}`, []);
  return Number(row?.found);
}
