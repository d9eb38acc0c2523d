import type { Dialect } from "../../database/dialect.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { mysqlDialect } from "../../database/mysql-dialect.ts";
import { sqliteDialect } from "../../database/sqlite/sqlite-dialect.ts";
import { tableError } from "../../database/table-error.ts";
import { show, typeMistake } from "../../errors/reflex-error.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

/** How a table is made. */
export interface TableSchema {
  /** The table's name as it was given. */
  readonly name: string;
  /** The statements that make the table. They do nothing where it exists. */
  statements(dialect: Dialect): readonly string[];
}

/** A table, or the schema of one. */
export type SchemaSource =
  | TableSchema
  | {
      /** How the table is made. */
      readonly schema: TableSchema;
    };

/**
 * The statements that make these tables, as text for a migration. Each ends with ";" and a new line, and does nothing
 * where its table exists. "mysql" is for MariaDB too.
 * @throws TypeError `invalid_argument`
 * @example
 * console.log(schemaSql("mysql", [orders, cursors, errorsTableSchema()]));
 */
export function schemaSql(dialect: "mysql" | "sqlite", sources: readonly SchemaSource[]): string {
  if (dialect !== "mysql" && dialect !== "sqlite") {
    throw typeMistake("invalid_argument", `schemaSql makes SQL for "mysql" or "sqlite", found ${show(dialect)}`);
  }
  const statements = toSchemas(sources).flatMap((schema) =>
    schema.statements(dialect === "mysql" ? mysqlDialect : sqliteDialect),
  );
  return statements.map((statement) => `${statement};\n`).join("\n");
}

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
  options: CallOptions = {},
): Promise<void> {
  const database = toDatabase(db);
  checkCallOptions("createTables", options);
  for (const schema of toSchemas(sources)) {
    for (const statement of schema.statements(database.dialect)) {
      try {
        await database.run(statement, [], options);
      } catch (error) {
        throw tableError(error, { table: schema.name, activity: "create", signal: options.signal });
      }
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
