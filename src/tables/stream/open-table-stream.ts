import { parseIntCursor } from "../../reflex/cursor.ts";
import type { EventStream, StreamOptions } from "../../reflex/stream.ts";
import type { Feed } from "./feed.ts";
import { LaggedFeed } from "./lagged-feed.ts";
import { PageFeed, type PageFeedSource } from "./page-feed.ts";
import { TableStream } from "./table-stream.ts";

/** Puts together the parts of one stream. @throws ReflexError `invalid_cursor` */
export function openTableStream<T extends number>(
  source: Omit<PageFeedSource, "after" | "fromHead" | "toHead" | "signal">,
  cursor: string,
  options: StreamOptions,
): EventStream<T> {
  const { lagMs = 0, fromHead = false, toHead = false } = options;
  const after = parseIntCursor(cursor);
  const open = (signal: AbortSignal): Feed<T> => {
    const feed = new PageFeed<T>({ ...source, after, fromHead, toHead, signal });
    return lagMs === 0 ? feed : new LaggedFeed(feed, { lagMs, signal, readClock: () => feed.readClock() });
  };
  return new TableStream<T>({ after: String(after), signal: options.signal, open });
}
