import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { Asker } from "../requests/asker.ts";
import { CursorChanges } from "../requests/cursor-changes.ts";
import { BufferedCursors } from "./buffered-cursors.ts";
import { StoredRequests } from "./cursor-control.ts";
import { CursorLooks } from "./cursor-looks.ts";
import { CursorRows } from "./cursor-rows.ts";
import { CursorWatches } from "./cursor-watches.ts";
import { CursorWriter } from "./cursor-writer.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

export interface CursorsInDatabaseSource {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
}

/** What works on one cursors table in one database. */
export interface CursorsInDatabase {
  readonly rows: CursorRows;
  readonly cursors: BufferedCursors;
  readonly requests: StoredRequests;
  readonly asker: Asker;
  readonly changes: CursorChanges | undefined;
  readonly reporting: Reporting;
}

/** Puts together what works on one cursors table in one database. */
export function cursorsInDatabase(source: CursorsInDatabaseSource): CursorsInDatabase {
  const { table, config, database, reporting } = source;
  const { cursorType, changesTable } = config;
  const rows = new CursorRows(source);
  const writer = new CursorWriter({ table, cursorType, rows });
  const watches = new CursorWatches();
  const lost = (consumer: string, error: unknown): boolean => watches.lost(consumer, error);
  const cursors = new BufferedCursors({ table, config, rows, writer, reporting, lost });
  const changes =
    changesTable === undefined ? undefined : new CursorChanges({ table: changesTable, cursorsTable: table, database });
  const common = { table, cursorType, rows, cursors, watches, reporting };
  const looks = new CursorLooks(common);
  const requests = new StoredRequests({ ...common, looks, changes });
  return { rows, cursors, requests, changes, reporting, asker: new Asker({ table, rows, changes, reporting }) };
}
