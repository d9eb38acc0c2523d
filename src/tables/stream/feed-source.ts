import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { TableReader } from "../reader/table-reader.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";

/** What one stream is made of. */
export interface FeedSource {
  readonly table: string;
  readonly config: EventsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
  readonly schemaCheck: SchemaCheck;
  /** Gives the stream its reader, shared or its own; {@link closeReader} takes it back. */
  readonly openReader: (description: TableDescription) => TableReader;
  readonly closeReader: (reader: TableReader) => void;
  readonly after: bigint;
  readonly fromHead: boolean;
  readonly toHead: boolean;
  readonly onPruned: "error" | "skip";
  /** The table's first id, when the user knows it. */
  readonly firstId: bigint | undefined;
  /** Aborted when the stream ends, for whatever reason. */
  readonly signal: AbortSignal;
}
