import type { Database } from "../../database/database.ts";
import { parseTableName } from "../../database/identifiers.ts";
import { ReflexError } from "../../reflex/errors.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { tableError } from "../table-error.ts";

/** A column as the server describes it. */
export interface ColumnDescription {
  readonly name: string;
  /** Without length: "bigint", "varchar", "datetime". */
  readonly type: string;
  /** As CREATE TABLE would say it: "datetime(6)". */
  readonly fullType: string;
  /** Whether it alone, or as part, is the primary key. */
  readonly primary: boolean;
  /** Whether it alone is a unique key or the primary key's first part. */
  readonly unique: boolean;
  readonly autoIncrement: boolean;
}

/** A table as the server describes it. */
export interface TableDescription {
  readonly engine: string;
  readonly columns: ReadonlyMap<string, ColumnDescription>;
}

interface DescribedRow {
  readonly column_name_text: string;
  readonly data_type_text: string;
  readonly column_type_text: string;
  readonly column_key_text: string;
  readonly extra_text: string;
  readonly engine_text: string | null;
}

/** Describes a table. @throws ReflexError `wrong_schema` if there is none. */
export async function describeTable(database: Database, name: string, options: CallOptions): Promise<TableDescription> {
  const parts = parseTableName(name);
  const [table = "", schema] = parts.toReversed();
  const rows = await readRows(database, [table, schema], options).catch((error: unknown) => {
    throw tableError(error, { table: name, activity: "look up", signal: options.signal });
  });
  if (rows.length === 0) {
    throw new ReflexError(
      "wrong_schema",
      `table ${name} does not exist, or this user may not see it: create it with createTables(db, [table]), or in a migration with schemaSql()`,
      { details: { table: name } },
    );
  }
  // Names of columns are equal whatever their case.
  const columns = new Map(rows.map((row) => [row.column_name_text.toLowerCase(), toColumn(row)]));
  return { engine: rows[0]?.engine_text ?? "", columns };
}

function readRows(
  database: Database,
  [table, schema]: readonly (string | undefined)[],
  options: CallOptions,
): Promise<DescribedRow[]> {
  if (database.dialect.name === "sqlite") return database.rows(sqliteColumns, [table ?? "", schema ?? "main"], options);
  const params = schema === undefined ? [table ?? ""] : [table ?? "", schema];
  return database.rows(mysqlColumns(schema === undefined ? "database()" : "?"), params, options);
}

function mysqlColumns(schema: string): string {
  return `select cast(c.column_name as char) as column_name_text, cast(c.data_type as char) as data_type_text,
    cast(c.column_type as char) as column_type_text, cast(c.column_key as char) as column_key_text,
    cast(c.extra as char) as extra_text, cast(t.engine as char) as engine_text
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_name = ? and c.table_schema = ${schema}`;
}

const sqliteColumns = `select c.name as column_name_text, lower(c.type) as data_type_text,
  lower(c.type) as column_type_text, case when c.pk > 0 then 'PRI' else '' end as column_key_text,
  case when c.pk > 0 and exists (select 1 from sqlite_master m where m.name = a.name and m.sql like '%autoincrement%')
    then 'auto_increment' else '' end as extra_text, 'SQLite' as engine_text
  from (select ? as name, ? as schema_name) a, pragma_table_info(a.name, a.schema_name) c`;

function toColumn(row: DescribedRow): ColumnDescription {
  return {
    name: row.column_name_text,
    type: row.data_type_text.toLowerCase(),
    fullType: row.column_type_text.toLowerCase(),
    primary: row.column_key_text === "PRI",
    unique: row.column_key_text === "PRI" || row.column_key_text === "UNI",
    autoIncrement: row.extra_text.toLowerCase().includes("auto_increment"),
  };
}
