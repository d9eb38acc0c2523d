import type { ReflexEvent } from "../../reflex/event.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import type { TableContext } from "../events/table-context.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { LentReader } from "./shared-readers.ts";

/** Events that follow one another, and how far they bring the stream. */
export interface Page<T extends number> {
  /** May be empty: noops bring a stream forward too. Whoever has handed the events over empties it. */
  events: readonly ReflexEvent<T>[];
  /** The id of the last row that the page passes. */
  readonly position: string;
}

/** Where a stream gets its pages from. */
export interface Feed<T extends number> {
  /** Opens the feed and resolves with the cursor that it starts after. Called once, before `next`. */
  start(): Promise<string>;
  /** The next page, once there is one; undefined at the end. Rejects with the signal's reason at an abort. */
  next(): Promise<Page<T> | undefined>;
  /** The row at the cursor that the feed starts after; undefined before the start, and if there is none. */
  readonly anchor: ReflexEvent<T> | undefined;
  /** Why what is under way takes long; undefined if nothing is in its way. */
  whySlow?(): Promise<WaitCause | undefined>;
  /** Frees what the feed holds, and resolves when that is done; a read under way is left behind. */
  close(): Promise<void>;
}

/** What one stream's feed is made of. */
export interface FeedSource extends TableContext {
  readonly schemaCheck: SchemaCheck;
  /** Lends the stream its reader, shared or its own. */
  readonly lendReader: (description: TableDescription) => LentReader;
  /** Where and how the stream starts and ends. */
  readonly bounds: StreamBounds;
  /** Aborted when the stream ends, for whatever reason. */
  readonly signal: AbortSignal;
}

/** Where one stream starts and ends, and what it does about rows that are gone. */
export interface StreamBounds {
  readonly after: bigint;
  /** The position that was stored with the cursor `after`; undefined if it is not known. */
  readonly expected: string | undefined;
  readonly fromHead: boolean;
  readonly toHead: boolean;
  readonly onPruned: "error" | "skip";
  /** The table's first id, when the user knows it. */
  readonly firstId: bigint | undefined;
}
