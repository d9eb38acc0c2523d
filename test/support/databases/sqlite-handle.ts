import Libsql from "libsql";
import { onTestFinished } from "vitest";

/** A SQLite database in memory that this SQL has made, or in a file. Closed after the test. */
export function openSqlite(sql = "", file = ":memory:"): Libsql.Database {
  const handle = new Libsql(file);
  onTestFinished(() => void handle.close());
  handle.exec(sql);
  return handle;
}
