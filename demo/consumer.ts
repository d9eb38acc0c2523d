import { createConsumer, isExpected, type Observer, runForever } from "reflex-rsql";
import { runChild } from "./child.ts";
import { openDatabase } from "./connect.ts";
import { GapClock } from "./gap-clock.ts";
import { createHandler } from "./handler.ts";
import type { ConsumerProgress } from "./messages.ts";
import { DemoTables } from "./tables.ts";

const REPORT_EVERY_MS = 100;
// Cursors are written together every so often; what came after the last write comes again after a crash.
const WRITE_CURSORS_EVERY_MS = 300;

// One to stream, two more at a gap, one for cursors, and one for what the consumer does itself.
const CONNECTIONS = 5;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

runChild("consume", async (start, parent) => {
  const tables = new DemoTables(start.prefix);
  const { handle } = await openDatabase(start.target, CONNECTIONS);
  const progress: Mutable<ConsumerProgress> = {
    type: "consumed",
    position: "0",
    savedCursor: "",
    duplicates: 0,
    failures: 0,
    gaps: 0,
    longestWaitMs: 0,
  };
  const observer = observe(progress, (text) => parent.report({ type: "note", text: `${start.consumer}: ${text}` }));
  const cursors = tables.cursorsTable({
    asyncPeriodMs: WRITE_CURSORS_EVERY_MS,
    observer,
    onSetCursor: ({ cursor }) => {
      progress.savedCursor = cursor;
    },
  });
  const cursor = await cursors.getCursor(handle, start.consumer);
  progress.position = cursor || "0";
  parent.report({ type: "ready", cursor });
  const timer = setInterval(() => parent.report({ ...progress }), REPORT_EVERY_MS);
  const handler = createHandler({ start, handle, tables, onDuplicate: () => progress.duplicates++ });
  const spec = {
    stream: tables.eventsTable({ observer }).toStream(handle),
    cursors: cursors.toStore(handle),
    consumer: createConsumer(start.consumer, handler),
  };
  try {
    await runForever(spec, { signal: parent.stop, observer, minBackoffMs: 5, maxBackoffMs: 200 });
  } catch (error) {
    if (!isExpected(error, parent.stop)) throw error;
  } finally {
    clearInterval(timer);
    parent.report({ ...progress });
  }
});

function observe(progress: Mutable<ConsumerProgress>, note: (text: string) => void): Observer {
  const clock = new GapClock();
  return {
    gap: (report) => {
      clock.gap(report);
      progress.gaps = clock.met;
    },
    page: (report) => {
      clock.page(report);
      progress.longestWaitMs = clock.longestWaitMs;
    },
    consume: ({ eventId, error }) => {
      clock.consumed();
      if (error === undefined) progress.position = eventId;
    },
    error: ({ activity, error, retryInMs }) => {
      if (activity === "run") progress.failures++;
      else
        note(
          `${activity} failed${retryInMs === undefined ? "" : " and is tried again"}: ${error instanceof Error ? error.message : String(error)}`,
        );
    },
    stall: ({ message }) => note(message),
  };
}
