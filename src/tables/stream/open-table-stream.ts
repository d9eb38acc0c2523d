import { parseIntCursor } from "../../reflex/cursor.ts";
import type { EventStream } from "../../reflex/stream.ts";
import type { Feed } from "./feed.ts";
import type { FeedSource } from "./feed-source.ts";
import { LaggedFeed } from "./lagged-feed.ts";
import { PageFeed } from "./page-feed.ts";
import type { TableStreamOptions } from "./stream-options.ts";
import { TableStream } from "./table-stream.ts";

/** Puts together the parts of one stream. @throws ReflexError `invalid_cursor` */
export function openTableStream<T extends number>(
  source: Omit<FeedSource, "after" | "fromHead" | "toHead" | "signal" | "onPruned" | "firstId">,
  cursor: string,
  options: TableStreamOptions,
): EventStream<T> {
  const { lagMs = 0, fromHead = false, toHead = false, onPruned = "error" } = options;
  const after = parseIntCursor(cursor);
  const firstId = options.firstId === undefined ? undefined : parseIntCursor(options.firstId);
  const open = (signal: AbortSignal): Feed<T> => {
    const feed = new PageFeed<T>({ ...source, after, fromHead, toHead, onPruned, firstId, signal });
    return lagMs === 0 ? feed : new LaggedFeed(feed, { lagMs, signal, readClock: () => feed.readClock() });
  };
  return new TableStream<T>({ after: String(after), signal: options.signal, open });
}
