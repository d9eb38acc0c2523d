import type { Database } from "../../database/database.ts";
import { parseTableName } from "../../database/identifiers.ts";
import { sqliteDialect } from "../../database/sqlite/sqlite-dialect.ts";
import { tableError } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

/** A column as the server describes it. */
export interface ColumnDescription {
  readonly name: string;
  /** The type without its length: "bigint", "varchar", "datetime". */
  readonly type: string;
  /** The type as CREATE TABLE would say it: "datetime(6)". */
  readonly fullType: string;
  /** Whether this column alone, in its whole length, is the primary key. */
  readonly primary: boolean;
  /** Whether this column alone, in its whole length, is the primary key or a unique key. */
  readonly unique: boolean;
  readonly autoIncrement: boolean;
  /** The most characters that it holds, or bytes if it has no character set. Undefined if the server sets no limit. */
  readonly maxLength: number | undefined;
  /** The character set. Undefined for bytes, for numbers, and where every character fits. */
  readonly charset: string | undefined;
  /** The collation by which its text is compared; undefined where there is no character set. */
  readonly collation: string | undefined;
  /** The largest integer that it holds; undefined if that is beyond any id. */
  readonly largest: bigint | undefined;
  /** The smallest integer that it holds; undefined if that is below any id, or if it is no integer column. */
  readonly smallest: bigint | undefined;
}

/** A table as the server describes it. */
export interface TableDescription {
  /** The storage engine; "" for a view. */
  readonly engine: string;
  /** The columns by their names in lower case: names of columns are equal whatever their case. */
  readonly columns: ReadonlyMap<string, ColumnDescription>;
  /** For each primary or unique key that has its columns in their whole length: the columns' names, in lower case. */
  readonly uniqueKeys: readonly ReadonlySet<string>[];
}

/** Whoever reads the description: a database, or a transaction in one. */
export type DescribedDatabase = Pick<Database, "rows" | "dialect">;

interface ColumnRow {
  readonly column_name_text: string;
  readonly column_type_text: string;
  readonly extra_text: string;
  readonly engine_text: string | null;
  readonly charset_text: string | null;
  readonly collation_text: string | null;
  readonly length_text: string | null;
}

/** A column of a unique key. */
interface KeyRow {
  readonly key_name_text: string;
  /** The column's name; null for an expression. */
  readonly column_name_text: string | null;
  readonly is_primary: string;
  /** The length of the column's prefix, if the key has only that of the column; else null. */
  readonly prefix_text: string | null;
}

/**
 * Describes a table.
 * @throws ReflexError `wrong_schema` if there is none.
 */
export async function describeTable(
  database: DescribedDatabase,
  name: string,
  options: CallOptions,
): Promise<TableDescription> {
  const [columns, keys] = await readRows(database, name, options).catch((error: unknown) => {
    throw tableError(error, { table: name, activity: "look up", signal: options.signal });
  });
  if (columns.length === 0) {
    throw new ReflexError(
      "wrong_schema",
      `table ${name} does not exist, or this user may not see it: create it with createTables(db, [table]), or in a migration with schemaSql()`,
      { details: { table: name } },
    );
  }
  const described = columns.map((row) => toColumn(row, keys));
  return {
    engine: columns[0]?.engine_text ?? "",
    columns: new Map(described.map((column) => [column.name.toLowerCase(), column])),
    uniqueKeys: uniqueKeys(keys),
  };
}

function uniqueKeys(keys: readonly KeyRow[]): ReadonlySet<string>[] {
  return [...new Set(keys.map((key) => key.key_name_text))]
    .map((name) => keys.filter((key) => key.key_name_text === name))
    .filter((parts) => parts.every((key) => key.prefix_text === null))
    .map((parts) => new Set(parts.map((key) => key.column_name_text?.toLowerCase() ?? "")));
}

async function readRows(
  database: DescribedDatabase,
  name: string,
  options: CallOptions,
): Promise<[readonly ColumnRow[], readonly KeyRow[]]> {
  const [table = "", schema] = parseTableName(name).toReversed();
  if (database.dialect.name === "sqlite") {
    const params = [table, schema ?? "main"];
    const columns = await database.rows<ColumnRow>(sqliteColumns(schema ?? "main"), params, options);
    return [columns, await database.rows<KeyRow>(sqliteKeys, [...params, ...params], options)];
  }
  const params = schema === undefined ? [table] : [table, schema];
  const sql = mysqlDescription(schema === undefined ? "database()" : "?");
  const rows = await database.rows<(ColumnRow | KeyRow) & DescriptionRow>(sql, [...params, ...params], options);
  return [
    rows.filter((row): row is ColumnRow & DescriptionRow => row.part === "column"),
    rows.filter((row): row is KeyRow & DescriptionRow => row.part === "key"),
  ];
}

interface DescriptionRow {
  readonly part: "column" | "key";
}

/** Columns and keys in one statement: each that is read through a pool takes several round trips. */
function mysqlDescription(inSchema: string): string {
  return `select 'column' as part, cast(c.column_name as char) as column_name_text,
      cast(c.column_type as char) as column_type_text, cast(c.extra as char) as extra_text,
      cast(t.engine as char) as engine_text, cast(c.character_set_name as char) as charset_text,
      cast(c.collation_name as char) as collation_text, cast(c.character_maximum_length as char) as length_text,
      null as key_name_text, null as is_primary, null as prefix_text
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_name = ? and c.table_schema = ${inSchema}
  union all
  select 'key', cast(column_name as char), null, null, null, null, null, null,
      cast(index_name as char), if(index_name = 'PRIMARY', '1', '0'), cast(sub_part as char)
    from information_schema.statistics where non_unique = 0 and table_name = ? and table_schema = ${inSchema}`;
}

function sqliteColumns(schema: string): string {
  return `select c.name as column_name_text, c.type as column_type_text,
      case when c.pk > 0 and m.sql like '%autoincrement%' then 'auto_increment' else '' end as extra_text,
      case m.type when 'view' then null else 'SQLite' end as engine_text,
      null as charset_text, null as collation_text, null as length_text
    from (select ? as name, ? as schema_name) a
    cross join pragma_table_info(a.name, a.schema_name) c
    left join ${sqliteDialect.quote(schema)}.sqlite_master m
      on m.name = a.name collate nocase and m.type in ('table', 'view')`;
}

// CROSS JOIN keeps the order of the tables. Otherwise SQLite would ask for the columns of an index that it does not
// know yet.
const sqliteKeys = `select '' as key_name_text, c.name as column_name_text, '1' as is_primary, null as prefix_text
    from (select ? as name, ? as schema_name) a cross join pragma_table_info(a.name, a.schema_name) c where c.pk > 0
  union all
  select i.name, coalesce(c.name, ''), '0', null
    from (select ? as name, ? as schema_name) a cross join pragma_index_list(a.name, a.schema_name) i
    cross join pragma_index_info(i.name, a.schema_name) c where i."unique" = 1 and i.partial = 0`;

const BITS: Readonly<Record<string, bigint>> = { tinyint: 8n, smallint: 16n, mediumint: 24n, int: 32n };

function largestInteger(fullType: string): bigint | undefined {
  const bits = BITS[/^[a-z]*/.exec(fullType)?.[0] ?? ""];
  if (bits === undefined) return undefined;
  return 2n ** (fullType.includes("unsigned") ? bits : bits - 1n) - 1n;
}

function smallestInteger(fullType: string): bigint | undefined {
  if (!/^(?:tiny|small|medium|big)?int/.test(fullType)) return undefined;
  if (fullType.includes("unsigned")) return 0n;
  const largest = largestInteger(fullType);
  return largest === undefined ? undefined : -largest - 1n;
}

function toColumn(row: ColumnRow, keys: readonly KeyRow[]): ColumnDescription {
  const name = row.column_name_text;
  const fullType = row.column_type_text.toLowerCase();
  const alone = keys.filter(
    (key) =>
      key.column_name_text === name &&
      key.prefix_text === null &&
      keys.filter((other) => other.key_name_text === key.key_name_text).length === 1,
  );
  return {
    name,
    fullType,
    type:
      /^[a-z ]*/
        .exec(fullType)?.[0]
        .replace(/ unsigned.*/, "")
        .trim() ?? "",
    primary: alone.some((key) => key.is_primary === "1"),
    unique: alone.length > 0,
    autoIncrement: row.extra_text.toLowerCase().includes("auto_increment"),
    maxLength: row.length_text === null ? undefined : Number(row.length_text),
    charset: row.charset_text ?? undefined,
    collation: row.collation_text ?? undefined,
    // An integer column of SQLite holds 64 bits, whatever its type is called.
    largest: row.engine_text === "SQLite" ? undefined : largestInteger(fullType),
    smallest: row.engine_text === "SQLite" ? undefined : smallestInteger(fullType),
  };
}
