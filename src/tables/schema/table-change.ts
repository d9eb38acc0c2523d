import type { Dialect } from "../../database/dialect.ts";

/** How the columns of an existing table differ from those that it is to have. */
export interface ColumnChange {
  /** The names of the columns that it has, in lower case. */
  readonly columns: ReadonlySet<string>;
  /** The columns that it is to have, all of them nullable, with their types. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Columns that are to go. */
  readonly unwanted: readonly string[];
}

/** The statements that give a table the columns that it lacks, and take those that are to go: none if it is as it should be. */
export function alterTable(dialect: Dialect, name: string, { columns, wanted, unwanted }: ColumnChange): string[] {
  const added = [...wanted].filter(([column]) => !columns.has(column));
  const parts = [
    ...added.map(([column, type]) => `add column ${dialect.quote(column)} ${type} null`),
    ...unwanted.filter((column) => columns.has(column)).map((column) => `drop column ${dialect.quote(column)}`),
  ];
  if (parts.length === 0) return [];
  const alter = `alter table ${dialect.quote(name)}`;
  // SQLite takes one change a statement. On MySQL one statement changes the table once.
  return dialect.name === "sqlite" ? parts.map((part) => `${alter} ${part}`) : [`${alter}\n  ${parts.join(",\n  ")}`];
}
