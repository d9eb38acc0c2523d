import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CursorsTable } from "../tables/cursors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ErrorReport } from "./observer.ts";
import { type RunOptions, run } from "./run.ts";
import type { Spec } from "./spec.ts";

const events = new EventsTable("events");
const reason = new Error("the pod is to stop");
let handle: Database.Database;
let store: CursorStore;
let controller: AbortController;
let reports: ErrorReport[];

beforeEach(async () => {
  handle = new Database(":memory:");
  const cursors = new CursorsTable("cursors", { asyncPeriodMs: 600_000 });
  await createTables(handle, [events, cursors]);
  await events.insertMany(
    handle,
    [1, 2, 3].map((type) => ({ foreignId: "a", type })),
  );
  store = cursors.toStore(handle);
  controller = new AbortController();
  reports = [];
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  handle.close();
});

/** A promise that the test settles itself. */
class Gate {
  open!: () => void;
  fail!: (error: Error) => void;
  readonly opened = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
}

function writtenCursor(): string | undefined {
  const row = handle.prepare("select cast(last_event_id as text) as cursor from cursors where id = 'a'").get();
  return (row as { cursor: string } | undefined)?.cursor;
}

function start(parts: Partial<Spec> & Pick<Spec, "consumer">, options: RunOptions = {}): Promise<void> {
  const spec: Spec = { stream: events.toStream(handle), cursors: store, ...parts };
  const observer = { error: (report: ErrorReport) => void reports.push(report) };
  return run(spec, { signal: controller.signal, observer, ...options });
}

/** A consumer whose work on event 2 begins, and ends when the test says so. */
function slowAtTwo(): { consumer: Consumer; begun: Promise<void>; work: Gate; seen: string[] } {
  const begun = new Gate();
  const work = new Gate();
  const seen: string[] = [];
  const consume = (event: { id: string }): Promise<void> | undefined => {
    seen.push(event.id);
    if (event.id !== "2") return undefined;
    begun.open();
    return work.opened;
  };
  return { consumer: { name: "a", consume }, begun: begun.opened, work, seen };
}

describe("an abort while the consumer is at work", () => {
  test("leaves a consumer behind that does not end within shutdownMs, and reports it", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = start({ consumer }, { shutdownMs: 5 });
    await begun;
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("1");
    expect(reports).toMatchObject([{ activity: "shutdown", name: "a", error: { code: "time_limit" } }]);
    // An unhandled rejection would fail the test run.
    work.fail(new Error("too late"));
    await new Promise(setImmediate);
  });

  test("leaves a reset behind that does not end within shutdownMs", async () => {
    const begun = new Gate();
    const reset = (): Promise<void> => {
      begun.open();
      return new Gate().opened;
    };
    const running = start({ consumer: { name: "a", consume: () => undefined, reset } }, { shutdownMs: 5 });
    await begun.opened;
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test("leaves a stop behind that does not end within shutdownMs", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = start({ consumer: { ...consumer, stop: () => new Gate().opened } }, { shutdownMs: 5 });
    await begun;
    controller.abort(reason);
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(reports).toMatchObject([{ activity: "stop", error: { code: "time_limit" } }]);
  });
});

describe("an abort while a cursor is set", () => {
  test("lets it be set and written", async () => {
    const begun = new Gate();
    const goOn = new Gate();
    const setCursor: CursorStore["setCursor"] = async (name, cursor, options) => {
      if (cursor === "2") {
        begun.open();
        await goOn.opened;
      }
      return store.setCursor(name, cursor, options);
    };
    const running = start({ consumer: { name: "a", consume: () => undefined }, cursors: { ...store, setCursor } });
    await begun.opened;
    controller.abort(reason);
    goOn.open();
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("2");
  });

  test("leaves it behind when it is not set within shutdownMs", async () => {
    const begun = new Gate();
    const setCursor: CursorStore["setCursor"] = (name, cursor, options) => {
      if (cursor !== "2") return store.setCursor(name, cursor, options);
      begun.open();
      return new Gate().opened;
    };
    const consumer = { name: "a", consume: () => undefined };
    const running = start({ consumer, cursors: { ...store, setCursor } }, { shutdownMs: 5 });
    await begun.opened;
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("1");
  });

  test("a store that takes for ever after the abort is given flushMs", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const setCursor: CursorStore["setCursor"] = (name, cursor, options) =>
      cursor === "2" ? new Gate().opened : store.setCursor(name, cursor, options);
    const running = start({ consumer, cursors: { ...store, setCursor } }, { flushMs: 5 });
    await begun;
    controller.abort(reason);
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(reports).toMatchObject([{ activity: "run", error: { code: "time_limit" } }]);
  });
});
