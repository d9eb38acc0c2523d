import { describe, expect, test } from "vitest";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventsTableConfig, type EventsTableOptions, toEventsTableConfig } from "../events-table-options.ts";
import { makeEvent } from "../make-event.ts";
import { PageSize } from "./page-size.ts";

const configOf = (options: EventsTableOptions): EventsTableConfig => toEventsTableConfig("table orders", options);

function events(count: number, metadataBytes = 0): ReflexEvent[] {
  const metadata = new Uint8Array(metadataBytes);
  return Array.from({ length: count }, (_, index) =>
    makeEvent({ id: index + 1, type: 1, foreignId: "x", timestampMicros: 1, metadata }),
  );
}

describe("PageSize", () => {
  test("grows once a whole page was of short events", () => {
    const size = new PageSize(configOf({ metadataField: "metadata" }));
    expect(size.rows).toBe(1000);
    size.learn(events(999));
    expect(size.rows).toBe(1000);
    size.learn(events(1000));
    expect(size.rows).toBe(5000);
  });

  // Catches one that goes by the average: a page of nothing but the longest may come next.
  test("shrinks at the first long event", () => {
    const size = new PageSize(configOf({ metadataField: "metadata" }));
    size.learn([...events(999), ...events(1, 20_000)]);
    expect(size.rows).toBe(100);
    size.learn(events(1, 5_000_000));
    expect(size.rows).toBe(1);
    size.learn(events(1));
    expect(size.rows).toBe(5000);
  });

  // Catches one that goes through every event of a table whose events can't be long.
  test("grows without a look at events that have neither metadata nor trace", () => {
    const size = new PageSize(configOf({}));
    size.learn(events(1000, 5_000_000));
    expect(size.rows).toBe(5000);
  });

  test("stays what the user said", () => {
    const size = new PageSize(configOf({ metadataField: "metadata", limit: 7 }));
    size.learn(events(7, 5_000_000));
    expect(size.rows).toBe(7);
  });
});
