import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { eventSourceOf } from "../../tables/events/event-by-id.ts";
import type { EventsTable } from "../../tables/events-table.ts";
import { describeTable } from "../../tables/schema/table-columns.ts";

/** A foreign id that the table's column takes and gives back as it is. */
export async function sampleForeignId<T extends number>(db: DatabaseHandle, table: EventsTable<T>): Promise<string> {
  const { config } = eventSourceOf(table);
  if (config.inserter !== undefined || config.loader !== undefined) return "1";
  const { columns } = await describeTable(toDatabase(db), table.name, {});
  const column = columns.get(config.fields.foreignId.toLowerCase());
  // A binary column pads what is shorter.
  if (config.foreignIdBytes) return "01".repeat(column?.type === "binary" ? (column.maxLength ?? 1) : 1);
  return column?.type === "uuid" ? "00000000-0000-4000-8000-000000000001" : "1";
}
