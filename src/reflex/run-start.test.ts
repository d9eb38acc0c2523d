import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writtenCursor } from "../../test/support/runs/written-cursor.ts";
import { insertMany } from "../../test/support/streams/streams.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import { run } from "./run.ts";
import type { Spec } from "./spec.ts";
import type { StreamOptions } from "./stream.ts";

const events = new EventsTable("events");
const crash = new Error("the process was killed");
let handle: Database.Database;
let controller: AbortController;

beforeEach(async () => {
  handle = new Database(":memory:");
  controller = new AbortController();
  await createTables(handle, [events, new CursorsTable("cursors")]);
});
afterEach(() => void handle.close());

async function insert(count: number): Promise<void> {
  await insertMany(handle, events, count);
}

/** A store as a new process has it: it knows and holds back nothing. */
function newStore(): CursorStore {
  return new CursorsTable("cursors", { asyncPeriodMs: 600_000 }).toStore(handle);
}

/** The ids that a consumer, run to the head by a new process, gets. */
async function consumedBy(parts: Pick<Spec, "stream" | "options">): Promise<string[]> {
  const seen: string[] = [];
  const consumer: Consumer = { name: "a", consume: (event) => void seen.push(event.id) };
  await run({ cursors: newStore(), consumer, ...parts, options: { ...parts.options, toHead: true } });
  return seen;
}

// `fromHead` among the options of the run, or of its stream function.
describe.each<[string, () => Pick<Spec, "stream" | "options">]>([
  ["the run", () => ({ stream: events.toStream(handle), options: { fromHead: true } })],
  ["the stream function", () => ({ stream: events.toStream(handle, { fromHead: true }) })],
])("fromHead given to %s", (_where, parts) => {
  test("starts a consumer without a cursor behind the events that are there", async () => {
    await insert(3);
    const seen: string[] = [];
    const consume = async (event: { id: string }): Promise<void> => {
      seen.push(event.id);
      controller.abort(crash);
    };
    const opened = new Gate();
    const stream: Spec["stream"] = (after, options) => watchStart(parts().stream(after, options), opened.open);
    const spec = { ...parts(), stream, cursors: newStore(), consumer: { name: "a", consume } };
    const running = run(spec, { signal: controller.signal });
    await opened.opened;
    await insert(1);
    await expect(running).rejects.toBe(crash);
    expect(seen).toEqual(["4"]);
    expect(writtenCursor(handle, "a")).toBe("4");
  });

  test.each([0, 3])("loses nothing in a restart before the first event, %d events being there", async (count) => {
    await insert(count);
    const first: Consumer = {
      name: "a",
      consume: () => {
        // What the table says while the first event is consumed is what a process that is killed now leaves.
        expect(writtenCursor(handle, "a")).toBe(String(count));
        throw crash;
      },
    };
    const { stream, options } = parts();
    const opened = new Gate();
    const watched: Spec["stream"] = (after, own) => watchStart(stream(after, own), opened.open);
    const running = run({ stream: watched, cursors: newStore(), consumer: first, options: options ?? {} });
    await opened.opened;
    await insert(2);
    await expect(running).rejects.toMatchObject({ code: "consumer_failed", cause: crash });
    expect(await consumedBy(parts())).toEqual([String(count + 1), String(count + 2)]);
  });

  test("is ignored when there is a cursor", async () => {
    await insert(3);
    await newStoreAt("1");
    expect(await consumedBy(parts())).toEqual(["2", "3"]);
  });
});

async function newStoreAt(cursor: string): Promise<void> {
  const store = newStore();
  await store.setCursor("a", cursor);
  await store.flush();
}

/** Tells when the stream has found where it starts. */
function watchStart(stream: ReturnType<Spec["stream"]>, onStarted: () => void): ReturnType<Spec["stream"]> {
  const start = stream.start.bind(stream);
  stream.start = async () => {
    const position = await start();
    onStarted();
    return position;
  };
  return stream;
}

describe("a consumer without a cursor", () => {
  test("starts at the first event, and has a cursor from then on", async () => {
    await insert(2);
    const cursorThen: (string | undefined)[] = [];
    const consumer: Consumer = { name: "a", consume: () => void cursorThen.push(writtenCursor(handle, "a")) };
    const options = { toHead: true };
    await run({ stream: events.toStream(handle), cursors: newStore(), consumer, options });
    expect(cursorThen).toEqual(["0", "0"]);
    expect(writtenCursor(handle, "a")).toBe("2");
  });

  test("consumes nothing when the start can't be written, and the stream is closed", async () => {
    await insert(2);
    const failure = new Error("read-only");
    const seen: string[] = [];
    const streams: ReturnType<Spec["stream"]>[] = [];
    const stream: Spec["stream"] = (after, options) => {
      streams.push(events.stream(handle, after, options));
      return streams[0] as ReturnType<Spec["stream"]>;
    };
    const cursors: CursorStore = { ...newStore(), setCursor: () => Promise.reject(failure) };
    const consumer: Consumer = { name: "a", consume: (event) => void seen.push(event.id) };
    await expect(run({ stream, cursors, consumer })).rejects.toBe(failure);
    expect(seen).toEqual([]);
    expect(await streams[0]?.next()).toEqual({ done: true, value: undefined });
  });
});

test("the options of the run reach the stream, and the signal among them is the run's own", async () => {
  const given: (StreamOptions | undefined)[] = [];
  const stream: Spec["stream"] = (after, options) => {
    given.push(options);
    return events.stream(handle, after, options);
  };
  const consumer: Consumer = { name: "a", consume: () => undefined };
  await run({ stream, cursors: newStore(), consumer, options: { toHead: true, lagMs: 5 } });
  expect(given).toEqual([{ toHead: true, lagMs: 5, signal: expect.any(AbortSignal) as AbortSignal }]);
});

describe("a mistake in the call", () => {
  const consumer: Consumer = { name: "a", consume: () => undefined };
  const good = (): Spec => ({ stream: events.toStream(handle), cursors: newStore(), consumer });

  test.each<[string, unknown]>([
    ["stream", { stream: events }],
    ["cursors", { cursors: new CursorsTable("cursors") }],
    ["cursors", { cursors: undefined }],
    ["consumer", { consumer: () => undefined }],
    ["consumer", { consumer: null }],
  ])("in the %s rejects and names it", async (part, wrong) => {
    const expected = { name: "TypeError", code: "invalid_argument" };
    const running = run({ ...good(), ...(wrong as object) });
    await expect(running).rejects.toMatchObject(expected);
    await expect(running).rejects.toThrow(`the ${part} of a run must be `);
  });

  test.each([undefined, null, 5])("that makes the whole spec %o rejects", async (spec) => {
    await expect(run(spec as unknown as Spec)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("in the consumer's name rejects", async () => {
    const named = { ...good(), consumer: { ...consumer, name: " a" } };
    await expect(run(named)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test.each([
    { shutdownMs: -1 },
    { flushMs: "5" },
    { signal: new AbortController() },
    { logger: {} },
    { shutdown: 5 },
    null,
  ])("in the options %o rejects", async (options) => {
    await expect(run(good(), options as object)).rejects.toMatchObject({ code: "invalid_option" });
  });
});
