import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { EventMemory } from "./event-memory.ts";
import type { ReadPage } from "./read-page.ts";

/**
 * How many rows a page may have. There are few sizes, since each is a statement that the server has to prepare. Each is a
 * multiple of the next, so that pages of any size end where those of smaller sizes do.
 */
export const PAGE_ROWS: readonly number[] = [5000, 1000, 250, 50, 10];
export const FIRST_PAGE_ROWS = 1000;
const [MOST_PAGE_ROWS, FEWEST_PAGE_ROWS] = [Math.max(...PAGE_ROWS), Math.min(...PAGE_ROWS)];
// Pages that begin where only very small ones do are not made that small.
const MOST_GROWTH = 25;
// What values are taken for before any were read: a first page then has that many rows.
const UNKNOWN_BYTES = 512;
// The values of a page of that size are read fastest; larger pages are copied when garbage is collected.
export const USUAL_PAGE_BYTES: number = 1024 * 1024;
/** Up to how many bytes a row's values come with their page. There are few of these bounds too. */
export const INLINE_BYTES: readonly number[] = Array.from({ length: 11 }, (_, index) => (128 * 1024) / 2 ** index);
const FEWEST_INLINE_BYTES = Math.min(...INLINE_BYTES);
// How far a row's values may exceed the average before they are left out of a page.
const SPREAD = 4;

/** How many rows a read asks for: many short ones, which are then read faster, or few long ones, which fit into memory. */
export class PageSize {
  readonly #limit: number | undefined;
  readonly #short: boolean;
  readonly #loads: boolean;
  readonly #memory: Pick<EventMemory, "pageBytes">;
  /** How many bytes the values of a row have on average; undefined before the first page. */
  #averageBytes: number | undefined;

  constructor(
    { limit, fields, loader }: Pick<EventsTableConfig, "limit" | "fields" | "loader">,
    memory: Pick<EventMemory, "pageBytes">,
  ) {
    this.#limit = limit;
    this.#loads = loader !== undefined;
    this.#short = fields.metadata === undefined && fields.trace === undefined && loader === undefined;
    this.#memory = memory;
  }

  /**
   * How many rows the page after this position asks for. Where long values are read, pages grow only where larger ones
   * begin: else most of the first larger one would be thrown away, as it ends where others do.
   */
  rowsAfter(position: bigint): number {
    const most = this.#most;
    if (this.#limit !== undefined || this.#short) return most;
    const fits = (rows: number): boolean =>
      rows <= most && rows * MOST_GROWTH >= most && position % BigInt(rows) === 0n;
    return PAGE_ROWS.find(fits) ?? most;
  }

  /**
   * How many events the page after `position` has, of those that were asked for. The pages of all streams end at the same
   * ids: streams that go through the same events then ask for the same pages, and each page is read once.
   */
  endOf(position: bigint, rows: number): number {
    return rows - Number(position % BigInt(rows));
  }

  /** Which values come with a page of so many rows, so that it fits into memory whatever they are. */
  values(rows: number): "all" | number {
    if (this.#short) return "all";
    const most = this.#memory.pageBytes / rows;
    return INLINE_BYTES.find((bytes) => bytes <= most) ?? FEWEST_INLINE_BYTES;
  }

  /** Learns from a page that was read how many rows the next ones may have. */
  learn(page: Pick<ReadPage, "length" | "asked" | "averageBytes">): void {
    if (this.#limit !== undefined || page.length === 0) return;
    const averageBytes = this.#short ? 0 : page.averageBytes;
    // A few rows say little of what follows: they make pages smaller, but not larger.
    if (averageBytes > (this.#averageBytes ?? 0) || page.length >= page.asked) this.#averageBytes = averageBytes;
  }

  get #most(): number {
    if (this.#limit !== undefined) return this.#limit;
    if (this.#short) return this.#averageBytes === undefined ? FIRST_PAGE_ROWS : MOST_PAGE_ROWS;
    const { pageBytes } = this.#memory;
    const averageBytes = this.#averageBytes ?? UNKNOWN_BYTES;
    const widest = Math.max(averageBytes * SPREAD, FEWEST_INLINE_BYTES);
    const fits = (rows: number): boolean => rows * averageBytes <= USUAL_PAGE_BYTES && rows * widest <= pageBytes;
    // A loader can't leave out long values.
    return PAGE_ROWS.find(fits) ?? (this.#loads ? 1 : FEWEST_PAGE_ROWS);
  }
}
