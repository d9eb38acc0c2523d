import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import type { ErrorsTable } from "../../../src/tables/errors/errors-table.ts";
import { EventsTable } from "../../../src/tables/events-table.ts";
import { createTables } from "../../../src/tables/schema/table-schema.ts";
import { type TestDatabase } from "../databases/test-database.ts";
import { newErrorsTable, newTableName } from "./new-tables.ts";

/** Events at each of which the consumer "mailer" has failed. */
export interface FailedEvents {
  readonly db: DatabaseHandle;
  readonly errors: ErrorsTable;
  readonly events: EventsTable;
  /** The ids of the errors, one for each event. */
  readonly ids: readonly string[];
}

export async function failedEvents({ open }: TestDatabase, count = 1): Promise<FailedEvents> {
  const db = await open();
  const errors = await newErrorsTable(db);
  const events = new EventsTable(`${newTableName()}_orders`, { idField: "order by", metadataField: "metadata" });
  await createTables(db, [events]);
  const ids: string[] = [];
  for (let index = 1; index <= count; index++) {
    await events.insertWithMetadata(db, `o${index}`, 5, `m${index}`);
    ids.push(await errors.toErrorInserter(db)({ consumer: "mailer", eventId: String(index), message: "first" }));
  }
  return { db, errors, events, ids };
}
