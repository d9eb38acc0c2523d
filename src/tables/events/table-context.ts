import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { EventsTableConfig } from "./events-table-options.ts";

/** One events table, in whichever database. */
export interface TableDefinition {
  readonly table: string;
  readonly config: EventsTableConfig;
}

/** One events table in one database: what everything that works on it is given. */
export interface TableContext extends TableDefinition {
  readonly database: Database;
  readonly reporting: Reporting;
}
