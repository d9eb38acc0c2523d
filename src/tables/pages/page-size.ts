import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { ReadPage } from "./read-page.ts";

export const MOST_PAGE_BYTES: number = 8 * 1024 * 1024;
// There are few sizes, since each is a statement that the server has to prepare.
export const PAGE_SIZES: readonly number[] = [5000, 1000, 100, 10];
export const FIRST_PAGE_SIZE = 1000;

/** How many rows a read asks for: many short ones, which are then read faster, or few long ones, which fit into memory. */
export class PageSize {
  readonly #limit: number | undefined;
  readonly #short: boolean;
  #rows: number;

  constructor({ limit, fields, loader }: Pick<EventsTableConfig, "limit" | "fields" | "loader">) {
    this.#limit = limit;
    this.#short = fields.metadata === undefined && fields.trace === undefined && loader === undefined;
    this.#rows = limit ?? FIRST_PAGE_SIZE;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * How many events the page after `position` has. The pages of all streams end at the same ids: streams that go through
   * the same events then ask for the same pages, and each page is read once.
   */
  after(position: bigint): number {
    return this.#rows - Number(position % BigInt(this.#rows));
  }

  /** Learns from a page that was read. Its longest event counts: a page of events as long as that may follow. */
  learn(page: Pick<ReadPage, "length" | "longestBytes">): void {
    if (this.#limit !== undefined || page.length === 0) return;
    const longest = this.#short ? 0 : page.longestBytes;
    const fitting = PAGE_SIZES.find((rows) => rows * longest <= MOST_PAGE_BYTES) ?? 1;
    // A few rows say little of what follows: they make pages smaller, but not larger.
    if (fitting < this.#rows || page.length >= this.#rows) this.#rows = fitting;
  }
}
