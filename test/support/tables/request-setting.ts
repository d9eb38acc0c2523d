import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import type { CursorStore } from "../../../src/reflex/cursor-store.ts";
import type { CursorChangeReport } from "../../../src/reflex/observer.ts";
import type { CursorInfo } from "../../../src/tables/cursors/cursor-list.ts";
import type { CursorsTable } from "../../../src/tables/cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../../../src/tables/cursors/cursors-table-options.ts";
import { newCursorsTable, newTableName } from "./new-tables.ts";

/** A consumer "mailer" at cursor 41, of whom something can be asked. */
export interface RequestSetting {
  readonly db: DatabaseHandle;
  readonly table: CursorsTable;
  /** The store of the consumer's run, which knows nothing of the table object that asks. */
  readonly store: CursorStore;
  readonly reports: CursorChangeReport[];
}

export async function requestSetting(db: DatabaseHandle, options: CursorsTableOptions = {}): Promise<RequestSetting> {
  const reports: CursorChangeReport[] = [];
  const observer = { cursorChange: (report: CursorChangeReport) => void reports.push(report) };
  const table = await newCursorsTable(db, { observer, changesTable: newTableName("changes"), ...options });
  const store = table.clone({ observer }).toStore(db);
  await store.setCursor("mailer", "41");
  return { db, table, store, reports };
}

/** Answers what is asked of the consumer, as its run does. */
export async function obey({ store }: Pick<RequestSetting, "store">, answer: object = {}): Promise<void> {
  const { request } = (await store.requests?.read("mailer")) ?? {};
  if (request === undefined) throw new Error("nothing is asked");
  await store.requests?.answer("mailer", request, { obeyed: true, ...answer });
}

/** The consumer as the table lists it. */
export async function listed({ table, db }: RequestSetting): Promise<CursorInfo | undefined> {
  return (await table.list(db)).find(({ consumer }) => consumer === "mailer");
}
