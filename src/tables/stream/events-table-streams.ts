import type { Database } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { slowCalls } from "../../database/sessions/slow-calls.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import { parseIntCursor } from "../../reflex/cursor.ts";
import { positionAt } from "../../reflex/event-position.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { EventStream } from "../../reflex/stream.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import type { CursorTarget } from "../cursors/cursor-wishes.ts";
import { plainColumns } from "../events/event-columns.ts";
import { type EventsTableConfig, noopForeignId } from "../events/events-table-options.ts";
import { noopProblem } from "../events/events-table-schema.ts";
import { type GapConfig, type GapOptions, toGapConfig } from "../events/gap-options.ts";
import type { TableDefinition } from "../events/table-context.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import { poolUsesOfStreams } from "../reader/pool-uses.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { StreamWatcher } from "../wake/notifier.ts";
import { type CursorPlace, checkTarget, findCursor } from "./cursor-at.ts";
import { cacheEnabled } from "./disable-cache.ts";
import type { Feed, FeedSource, StreamBounds } from "./feed.ts";
import { LaggedFeed } from "./lagged-feed.ts";
import { PageFeed } from "./page-feed.ts";
import { lendOwnReader, lendSharedReader } from "./shared-readers.ts";
import { checkStreamOptions, type TableStreamOptions } from "./stream-options.ts";
import { TableStream } from "./table-stream.ts";

export interface EventsTableStreamsSource extends TableDefinition {
  readonly gaps: GapControl;
  readonly reporting: Reporting;
  readonly schemaCheck: SchemaCheck;
  readonly watcher: StreamWatcher;
  /** Wakes the streams of the table. */
  readonly notify: () => void;
}

/** The streams of one events table: what they read with, and which of it they share. */
export class EventsTableStreams<T extends number> {
  readonly #source: EventsTableStreamsSource;

  constructor(source: EventsTableStreamsSource) {
    this.#source = source;
  }

  /** @throws TypeError, RangeError or ReflexError `invalid_cursor`, naming what can't be one. */
  open(db: DatabaseHandle, cursor: string, options: TableStreamOptions): EventStream<T> {
    const checked = checkStreamOptions(options);
    const database = toDatabase(db);
    const gaps = this.#gapsFor(checked);
    const parts = this.#feedParts(database, gaps);
    const bounds = toStreamBounds(cursor, checked);
    const { lagMs = 0, signal: given } = checked;
    const open = (signal: AbortSignal): Feed<T> => {
      const feed = new PageFeed<T>({ ...parts, bounds, signal });
      return lagMs === 0 ? feed : new LaggedFeed(feed, { lagMs, signal, readClock: () => feed.readClock() });
    };
    const { reporting, table } = this.#source;
    const begins = (): (() => void) => reporting.lend(checked);
    const use = poolUsesOfStreams(database, gaps).own;
    const pool = { use, shortage: () => slowCalls(database).shortage() };
    return new TableStream<T>({ after: String(bounds.after), table, signal: given, pool, begins, open });
  }

  /** Rejects as a stream does, and with ReflexError `invalid_cursor` or `time_limit`. */
  async cursorAt(db: DatabaseHandle, to: CursorTarget, options: CallOptions): Promise<CursorPlace<T>> {
    const limits = checkCallOptions("cursorAt", options);
    const target = checkTarget(to);
    const parts = this.#feedParts(toDatabase(db), this.#source.gaps);
    const ending = new AbortController();
    const source = { ...parts, bounds: toStreamBounds("", {}), signal: ending.signal };
    const what = `a cursor of ${parts.table}`;
    const place = await withTimeLimit(findCursor(source, target), {
      ...limits,
      what,
      onGivenUp: () => ending.abort(),
    });
    return place as CursorPlace<T>;
  }

  #feedParts(database: Database, gaps: GapControl): Omit<FeedSource, "bounds" | "signal"> {
    const { table, reporting, schemaCheck, watcher, notify } = this.#source;
    const shared = gaps === this.#source.gaps && this.#source.config.cache && cacheEnabled();
    const config = shared ? this.#source.config : this.#configOfStream(gaps.config);
    const context = { table, config, database, reporting };
    const lend = shared ? lendSharedReader : lendOwnReader;
    return {
      ...context,
      schemaCheck,
      lendReader: (description) =>
        lend(
          {
            ...context,
            gaps,
            plainColumns: plainColumns(database.dialect, description, config.fields),
            noopProblem: noopProblem(description, { ...config, gaps: gaps.config }),
          },
          { reporting, watcher, notify, gaps, pools: poolUsesOfStreams(database, gaps) },
        ),
    };
  }

  #gapsFor({ gaps }: TableStreamOptions): GapControl {
    return gaps === undefined ? this.#source.gaps : this.#source.gaps.ofStream(this.#gapsOfStream(gaps));
  }

  /** A stream's own options of gaps. Without `noopValues` among them, its noops look as those of the table do. */
  #gapsOfStream(gaps: false | GapOptions): GapConfig {
    const { fields, gaps: ofTable } = this.#source.config;
    return toGapConfig("a stream", gaps, { fields, noopValues: ofTable.noopValues });
  }

  /** The options of a stream that shares nothing, and knows its own noops. */
  #configOfStream({ noopValues }: GapConfig): EventsTableConfig {
    const { fields, foreignIdBytes } = this.#source.config;
    return {
      ...this.#source.config,
      cache: false,
      noopForeignId: noopForeignId(noopValues[fields.foreignId], foreignIdBytes),
    };
  }
}

/** @throws ReflexError `invalid_cursor` */
function toStreamBounds(cursor: string, options: TableStreamOptions): StreamBounds {
  const { fromHead = false, toHead = false, onPruned = "error" } = options;
  const after = parseIntCursor(cursor);
  const expected = fromHead ? undefined : positionAt(cursor, options.position);
  const firstId = options.firstId === undefined ? undefined : parseIntCursor(options.firstId);
  return { after, expected, fromHead, toHead, onPruned, firstId };
}
