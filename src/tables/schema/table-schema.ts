import type { Database } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { mysqlDialect } from "../../database/mysql-dialect.ts";
import { sqliteDialect } from "../../database/sqlite/sqlite-dialect.ts";
import { tableError } from "../../database/table-error.ts";
import { typeMistake } from "../../errors/reflex-error.ts";
import { show, showName } from "../../errors/show.ts";
import { aBoolean, checkOptions, type OptionChecks, oneOf } from "../../options/check-options.ts";
import { callChecks } from "../../reflex/call-options.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { describeTable } from "./table-columns.ts";

/** How a table is made. */
export interface TableSchema {
  /** The table's name as it was given. */
  readonly name: string;
  /** The statements that make the table, the table itself first. They do nothing where it exists. */
  statements(dialect: Dialect): readonly string[];
  /** Forms that the table had in earlier versions or has elsewhere: the columns of each, by its name. */
  readonly earlierForms?: Readonly<Record<string, readonly string[]>>;
  /** The statements that bring a table to today's form that has these columns, in lower case. */
  alterations?(dialect: Dialect, columns: ReadonlySet<string>): readonly string[];
}

/** A table, or the schema of one. */
export type SchemaSource =
  | TableSchema
  | {
      /** How the table is made. */
      readonly schema: TableSchema;
    };

/** What `schemaSql` prints. */
export interface SchemaSqlOptions {
  /**
   * Print, in place of what makes a cursors table, what brings an existing one to today's form: from that of Go's rsql, with
   * three columns (`"go"`), or from that of this library before cursors had positions, with `fence` and `event_micros`
   * (`"fence"`). Run it once; code of before goes on working on the table. @defaultValue only what makes new tables
   */
  alterFrom?: "go" | "fence" | undefined;
}

const printChecks: OptionChecks<SchemaSqlOptions> = { alterFrom: oneOf("go", "fence") };

/**
 * The statements that make these tables, as text for a migration. Each ends with ";" and a new line, and, without
 * `alterFrom`, does nothing where its table exists. "mysql" is for MariaDB too.
 * @throws TypeError `invalid_argument` or `invalid_option`
 * @example
 * console.log(schemaSql("mysql", [orders, cursors, errorsTableSchema()]));
 */
export function schemaSql(
  dialect: "mysql" | "sqlite",
  sources: readonly SchemaSource[],
  options: SchemaSqlOptions = {},
): string {
  if (dialect !== "mysql" && dialect !== "sqlite") {
    throw typeMistake("invalid_argument", `schemaSql makes SQL for "mysql" or "sqlite", found ${showName(dialect)}`);
  }
  const { alterFrom } = checkOptions("schemaSql", options, printChecks);
  const own = dialect === "mysql" ? mysqlDialect : sqliteDialect;
  const printed = toSchemas(sources).flatMap((schema) => {
    const form = alterFrom === undefined ? undefined : schema.earlierForms?.[alterFrom];
    const columns = new Set(form?.map((column) => column.toLowerCase()));
    const statements = schema.statements(own);
    return form === undefined ? statements : [...(schema.alterations?.(own, columns) ?? []), ...statements.slice(1)];
  });
  // Two cursors tables of one schema share their table of changes.
  return [...new Set(printed)].map((statement) => `${statement};\n`).join("\n");
}

/** What `createTables` may do, and how long it may take. */
export interface CreateTablesOptions extends CallOptions {
  /**
   * Also bring existing tables of earlier forms to today's: adds columns that cursors tables lack, and takes what nothing
   * used. It locks the table for as long as the server's ALTER TABLE does. @defaultValue false: they are left as they are
   */
  alter?: boolean | undefined;
}

const createChecks: OptionChecks<CreateTablesOptions> = { ...callChecks, alter: aBoolean };

/**
 * Makes those of these tables that don't exist yet, and leaves the existing ones as they are. It is for programs that
 * own their database; elsewhere put {@link schemaSql} into a migration. On MySQL each CREATE TABLE commits by itself.
 * @throws ReflexError `database_error`, for example without the privilege.
 * @example
 * await createTables(pool, [orders, cursors]);
 */
export async function createTables(
  db: DatabaseHandle,
  sources: readonly SchemaSource[],
  options: CreateTablesOptions = {},
): Promise<void> {
  const database = toDatabase(db);
  const { alter = false, ...limits } = checkOptions("createTables", options, createChecks);
  for (const schema of toSchemas(sources)) {
    await runAll(database, { schema, statements: schema.statements(database.dialect) }, limits);
    if (alter) await alterTable(database, schema, limits);
  }
}

async function alterTable(database: Database, schema: TableSchema, limits: CallOptions): Promise<void> {
  const nextStatement = async (): Promise<string | undefined> => {
    const { columns } = await describeTable(database, schema.name, limits);
    return schema.alterations?.(database.dialect, new Set(columns.keys()))[0];
  };
  if (schema.alterations === undefined) return;
  let statement = await nextStatement();
  while (statement !== undefined) {
    const tried = statement;
    // oxlint-disable-next-line eslint/no-await-in-loop -- one statement after the other
    statement = await runAll(database, { schema, statements: [tried] }, limits).then(nextStatement, async (error) => {
      const next = await nextStatement();
      // Another process may have altered the table at the same time.
      if (next === tried) throw error;
      return next;
    });
  }
}

async function runAll(
  database: Database,
  { schema, statements }: { schema: TableSchema; statements: readonly string[] },
  limits: CallOptions,
): Promise<void> {
  for (const statement of statements) {
    try {
      await database.run(statement, [], limits);
    } catch (error) {
      throw tableError(error, { table: schema.name, activity: "create", signal: limits.signal });
    }
  }
}

function toSchemas(sources: readonly SchemaSource[]): TableSchema[] {
  if (!Array.isArray(sources)) {
    throw typeMistake("invalid_argument", `expected an array of tables, found ${show(sources)}`);
  }
  return sources.map((source: unknown) => {
    const { schema = source } = Object(source) as { schema?: unknown };
    const { name, statements } = Object(schema) as Partial<TableSchema>;
    if (typeof name === "string" && typeof statements === "function") return schema as TableSchema;
    throw typeMistake("invalid_argument", `expected a table or the schema of one, found ${show(source)}`);
  });
}
