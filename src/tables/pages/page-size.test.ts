import { describe, expect, test } from "vitest";
import {
  type EventsTableConfig,
  type EventsTableOptions,
  toEventsTableConfig,
} from "../events/events-table-options.ts";
import { FIRST_PAGE_ROWS, INLINE_BYTES, PAGE_ROWS, PageSize } from "./page-size.ts";
import type { ReadPage } from "./read-page.ts";

const LARGEST = Math.max(...PAGE_ROWS);
const KIB = 1024;

const memory = { pageBytes: 4096 * KIB };
const configOf = (options: EventsTableOptions): EventsTableConfig => toEventsTableConfig("table orders", options);
const sizeOf = (options: EventsTableOptions): PageSize => new PageSize(configOf(options), memory);
const withMetadata = { metadataField: "metadata" } as const;

function page(length: number, averageBytes = 0, asked = length): Pick<ReadPage, "length" | "asked" | "averageBytes"> {
  return { length, averageBytes, asked };
}

describe("PageSize", () => {
  test("grows once a full page was of short events", () => {
    const size = sizeOf(withMetadata);
    expect(size.rowsAfter(0n)).toBe(FIRST_PAGE_ROWS);
    size.learn(page(FIRST_PAGE_ROWS - 1, 0, FIRST_PAGE_ROWS));
    expect(size.rowsAfter(0n)).toBe(FIRST_PAGE_ROWS);
    size.learn(page(FIRST_PAGE_ROWS));
    expect(size.rowsAfter(0n)).toBe(LARGEST);
  });

  test("shrinks at events that are long, and grows again", () => {
    const size = sizeOf(withMetadata);
    size.learn(page(2, 64 * KIB, FIRST_PAGE_ROWS));
    expect(size.rowsAfter(0n)).toBe(10);
    size.learn(page(2, 0, 11));
    expect(size.rowsAfter(0n)).toBe(10);
    size.learn(page(11));
    expect(size.rowsAfter(0n)).toBe(LARGEST);
  });

  // Catches pages that grow where most of a larger one would be thrown away.
  test("grows only where larger pages begin", () => {
    const size = sizeOf(withMetadata);
    size.learn(page(FIRST_PAGE_ROWS));
    expect([2500n, 3000n, 5000n, 123n].map((position) => size.rowsAfter(position))).toEqual([250, 1000, 5000, 5000]);
  });

  // Catches a page that takes more memory than it may if all its values are as long as they can be.
  test("bounds the values of a page of any size, and the more streams, the more", () => {
    for (const pageBytes of [4096 * KIB, 256 * KIB, 16 * KIB]) {
      const size = new PageSize(configOf(withMetadata), { pageBytes });
      for (const averageBytes of [0, 100, 1000, 64 * KIB]) {
        size.learn(page(LARGEST, averageBytes));
        const rows = size.rowsAfter(0n);
        const least = 10 * Math.min(...INLINE_BYTES);
        expect(rows * Number(size.values(rows))).toBeLessThanOrEqual(Math.max(least, pageBytes));
      }
    }
  });

  test("asks for all values of a table that has none, and goes by no sizes there", () => {
    const size = sizeOf({});
    size.learn(page(FIRST_PAGE_ROWS, 64 * KIB));
    expect([size.rowsAfter(0n), size.values(LARGEST)]).toEqual([LARGEST, "all"]);
  });

  // A loader gives all values.
  test("goes down to one event for a loader", () => {
    const size = sizeOf({ loader: async () => [] });
    size.learn(page(3, 1024 * KIB, FIRST_PAGE_ROWS));
    expect(size.rowsAfter(0n)).toBe(1);
  });

  // Catches pages that begin where each stream happens to: ten streams would read everything ten times.
  test("has pages end at the same ids, wherever a stream begins", () => {
    const size = sizeOf({});
    expect([0n, 1n, 99n, 100n, 123n].map((position) => size.endOf(position, 100))).toEqual([100, 99, 1, 100, 77]);
  });

  test("stays what the user said", () => {
    const size = sizeOf({ ...withMetadata, limit: 100 });
    size.learn(page(100, 64 * KIB));
    expect([0n, 50n, 123n].map((position) => size.rowsAfter(position))).toEqual([100, 100, 100]);
  });
});
