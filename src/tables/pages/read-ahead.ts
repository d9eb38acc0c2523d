import { isGapless } from "./batch.ts";
import type { PageLimit } from "./page-reader.ts";
import type { ReadPage } from "./read-page.ts";

// Where a page takes longer than this, the time limit of a page that is read ahead would have to last for two pages.
export const FAST_MS = 500;

// The row at the position and the next one.
const NEXT_ROW_ALONE = 2;

/** Reads events with at least this id. */
export type ReadEvents = (from: bigint, limit: PageLimit, signal?: AbortSignal) => Promise<ReadPage>;

export interface ReadAheadSource {
  readonly read: ReadEvents;
  /** The epoch of a read that would be made now. */
  readonly epoch: () => number;
  /** Whether the next page may be read before it is asked for. */
  readonly wanted: () => boolean;
}

/** A page that was asked for before anybody needed it. */
interface AheadRead {
  readonly from: bigint;
  readonly rows: number;
  readonly page: Promise<ReadPage | undefined>;
}

/**
 * Reads pages, each from the last row of the page before. In a backfill it asks for the page after the next as well: the
 * server then has its next statement as soon as it is done with one, and does not wait until this process has read the
 * answer. A page that was read ahead counts only if it is full and no id is missing in it. Any other page is read again
 * when it is needed, since of a gap or a head the newest state matters.
 */
export class ReadAhead {
  readonly #source: ReadAheadSource;
  #ahead: AheadRead | undefined;
  /** The end and the size of the last page, if it was full, had no gap and came fast. */
  #last: { readonly end: bigint; readonly rows: number } | undefined;

  constructor(source: ReadAheadSource) {
    this.#source = source;
  }

  /**
   * Events with at least this id, ascending. A page that was read ahead may have more or fewer rows than `limit` says: it
   * was asked for before that was known.
   */
  async read(from: bigint, limit: PageLimit, signal?: AbortSignal): Promise<ReadPage> {
    const startedAt = performance.now();
    const ahead = this.#take(from, limit.rows);
    const asked = ahead === undefined ? this.#source.read(from, limit, signal) : undefined;
    const rows = ahead?.rows ?? limit.rows;
    const last = this.#last;
    this.#last = undefined;
    const end = from + BigInt(rows - 1);
    // Two pages of the same size are the sign of a backfill: at a gap, reads of one row follow.
    const steady = last?.end === from && last.rows === rows && rows === limit.rows;
    // variant place: the page after the next is asked for
    if (steady && this.#source.wanted()) this.#ask(end, limit);
    let page = await (asked ?? this.#ifGapless(ahead));
    if (page === undefined) {
      // A page that was read ahead fails when its stream has ended and given back the connection.
      signal?.throwIfAborted();
      page = await this.#source.read(from, limit, signal);
    }
    if (performance.now() - startedAt < FAST_MS && isGapless(page, from, rows)) this.#last = { end, rows };
    return page;
  }

  #ask(from: bigint, limit: PageLimit): void {
    // Its error is not told: the read that is made instead meets it again, if it is still there by then.
    const page = this.#source.read(from, limit).catch(() => undefined);
    this.#ahead = { from, rows: limit.rows, page };
  }

  /** The page that was read ahead from there. A read of the next row alone is made anew: of a gap the newest state matters. */
  #take(from: bigint, rows: number): AheadRead | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.from === from && (rows === ahead.rows || rows > NEXT_ROW_ALONE) ? ahead : undefined;
  }

  async #ifGapless(ahead: AheadRead | undefined): Promise<ReadPage | undefined> {
    const page = await ahead?.page;
    if (ahead === undefined || page === undefined || page.epoch !== this.#source.epoch()) return undefined;
    // variant place: a page read ahead that is not gapless
    if (!isGapless(page, ahead.from, ahead.rows)) return undefined;
    return page;
  }
}
