import type Database from "libsql";

/** A consumer's cursor in the table "cursors", whatever its store holds back. */
export function writtenCursor(handle: Database.Database, consumer: string): string | undefined {
  const row = handle.prepare("select cast(last_event_id as text) as cursor from cursors where id = ?").get(consumer);
  return (row as { cursor: string } | undefined)?.cursor;
}
