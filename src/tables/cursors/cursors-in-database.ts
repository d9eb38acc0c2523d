import type { Database } from "../../database/database.ts";
import { CallWatch } from "../../database/sessions/call-watch.ts";
import { slowCalls } from "../../database/sessions/slow-calls.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { ToldWait } from "../../reflex/wait-cause.ts";
import { Asker } from "../requests/asker.ts";
import { CursorChanges } from "../requests/cursor-changes.ts";
import { BufferedCursors } from "./buffered-cursors.ts";
import { LOOK, WRITE } from "./cursor-chores.ts";
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
  /** The long wait with what is done for a consumer without anybody's awaiting it; undefined if there is none. */
  readonly waitFor: (consumer: string) => ToldWait | undefined;
}

/** Puts together what works on one cursors table in one database. */
export function cursorsInDatabase(source: CursorsInDatabaseSource): CursorsInDatabase {
  const { table, config, database, reporting } = source;
  const { cursorType, changesTable } = config;
  const rows = new CursorRows(source);
  const writer = new CursorWriter({ table, cursorType, rows });
  const watches = new CursorWatches();
  const lost = (consumer: string, error: unknown): boolean => watches.lost(consumer, error);
  const watch = new CallWatch({ table, reporting, whySlow: () => slowCalls(database).whyOfOthers() });
  const cursors = new BufferedCursors({ table, config, rows, writer, reporting, watch, lost });
  const changes =
    changesTable === undefined ? undefined : new CursorChanges({ table: changesTable, cursorsTable: table, database });
  const common = { table, cursorType, rows, cursors, watches, reporting, watch };
  const looks = new CursorLooks(common);
  const requests = new StoredRequests({ ...common, looks, changes });
  const waitFor = (consumer: string): ToldWait | undefined => {
    const isHeldBack = cursors.known(consumer)?.pending !== undefined;
    return watch.waitFor(LOOK, ...(isHeldBack ? [WRITE] : []));
  };
  const asker = new Asker({ table, rows, changes, reporting });
  return { rows, cursors, requests, changes, reporting, waitFor, asker };
}
