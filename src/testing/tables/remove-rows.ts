import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { describeTable } from "../../tables/schema/table-columns.ts";

const textTypes = new Set(["char", "varchar", "text", "binary", "varbinary"]);

/** Deletes the rows that hold a made-up consumer's name, whatever its column is called. */
export async function removeRowsOf(consumer: string, db: DatabaseHandle, table: string): Promise<void> {
  const database = toDatabase(db);
  const { dialect } = database;
  const { columns } = await describeTable(database, table, {});
  for (const { name, type } of columns.values()) {
    if (!textTypes.has(type)) continue;
    const isIt = `${dialect.asBytes(dialect.quote(name))} = ${dialect.asBytes("?")}`;
    // oxlint-disable-next-line eslint/no-await-in-loop -- few, and one connection is enough
    await database.run(`delete from ${dialect.quote(table)} where ${isIt}`, [consumer]);
  }
}

/** Runs a check and removes what it wrote; an error of removing hides none of the check. */
export async function thenRemove(check: () => Promise<void>, remove: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
  await remove();
}
