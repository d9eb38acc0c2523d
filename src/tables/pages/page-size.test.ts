import { describe, expect, test } from "vitest";
import {
  type EventsTableConfig,
  type EventsTableOptions,
  toEventsTableConfig,
} from "../events/events-table-options.ts";
import { makeEvent } from "../events/make-event.ts";
import { FIRST_PAGE_SIZE, MOST_PAGE_BYTES, PAGE_SIZES, PageSize } from "./page-size.ts";
import { pageOfEvents, type ReadPage } from "./read-page.ts";

const LARGEST = Math.max(...PAGE_SIZES);

const configOf = (options: EventsTableOptions): EventsTableConfig => toEventsTableConfig("table orders", options);

function page(count: number, longestBytes = 0): ReadPage {
  const metadata = new Uint8Array(longestBytes);
  const events = Array.from({ length: count }, (_, index) =>
    makeEvent({ id: index + 1, type: 1, foreignId: "x", timestampMicros: 1, metadata: index === 1 ? metadata : null }),
  );
  return pageOfEvents(events, 1);
}

describe("PageSize", () => {
  test("grows once a full page was of short events", () => {
    const size = new PageSize(configOf({ metadataField: "metadata" }));
    expect(size.rows).toBe(FIRST_PAGE_SIZE);
    size.learn(page(FIRST_PAGE_SIZE - 1));
    expect(size.rows).toBe(FIRST_PAGE_SIZE);
    size.learn(page(FIRST_PAGE_SIZE));
    expect(size.rows).toBe(LARGEST);
  });

  // Catches one that goes by the average: a page of nothing but the longest may come next.
  test("shrinks at the first long event", () => {
    const size = new PageSize(configOf({ metadataField: "metadata" }));
    const smaller = PAGE_SIZES.find((rows) => rows < FIRST_PAGE_SIZE) ?? Number.NaN;
    size.learn(page(FIRST_PAGE_SIZE, Math.floor(MOST_PAGE_BYTES / smaller / 2)));
    expect(size.rows).toBe(smaller);
    size.learn(page(2, MOST_PAGE_BYTES));
    expect(size.rows).toBe(1);
    size.learn(page(1));
    expect(size.rows).toBe(LARGEST);
  });

  // Catches one that goes through every event of a table whose events can't be long.
  test("grows without a look at events that have neither metadata nor trace", () => {
    const size = new PageSize(configOf({}));
    size.learn(page(FIRST_PAGE_SIZE, MOST_PAGE_BYTES));
    expect(size.rows).toBe(LARGEST);
  });

  // Catches pages that begin where each stream happens to: ten streams would read everything ten times.
  test("has pages end at the same ids, wherever a stream begins", () => {
    const size = new PageSize(configOf({ limit: 100 }));
    expect([0n, 1n, 99n, 100n, 123n].map((position) => size.after(position))).toEqual([100, 99, 1, 100, 77]);
  });

  test("stays what the user said", () => {
    const size = new PageSize(configOf({ metadataField: "metadata", limit: 7 }));
    size.learn(page(7, MOST_PAGE_BYTES));
    expect(size.rows).toBe(7);
  });
});
