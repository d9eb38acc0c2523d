import type { Dialect, TimeStorage } from "../../database/dialect.ts";

/** A CREATE TABLE that leaves nothing to a server's own defaults. */
export function createTable(dialect: Dialect, name: string, lines: readonly string[]): string {
  const suffix = dialect.name === "mysql" ? " engine=InnoDB default charset=utf8mb4" : "";
  return `create table if not exists ${dialect.quote(name)} (\n  ${lines.join(",\n  ")}\n)${suffix}`;
}

/**
 * The column of an id that is never given twice. Without AUTOINCREMENT, SQLite would give the id of a deleted last row
 * again.
 */
export function autoIncrementId(dialect: Dialect, field: string): string {
  const type =
    dialect.name === "mysql" ? "bigint not null auto_increment primary key" : "integer primary key autoincrement";
  return `${dialect.quote(field)} ${type}`;
}

export function timeType(dialect: Dialect, column: TimeStorage["column"]): string {
  if (dialect.name === "sqlite") return "text";
  // To a TIMESTAMP without a default of its own, older servers add ON UPDATE: the time of an event would change with its row.
  const timestamp = "timestamp(6) default current_timestamp(6)";
  return { datetime6: "datetime(6)", datetime: "datetime", timestamp }[column];
}

/** The type of text that is equal only to the same bytes, such as a consumer's name. */
export function exactText(dialect: Dialect): string {
  return dialect.name === "mysql" ? "varchar(255) character set utf8mb4 collate utf8mb4_bin" : "text";
}
