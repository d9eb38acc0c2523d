import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import { mockStream } from "../testing/memory/mock-stream.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import type { Consumer } from "./consumer.ts";
import { createConsumer } from "./consumer.ts";
import type { LagAlert } from "./consumer-status.ts";
import type { StallReport } from "./observer.ts";
import { run } from "./run.ts";
import { runForever } from "./run-forever.ts";
import type { RunOptions } from "./run-options.ts";
import type { Spec } from "./spec.ts";
import type { WaitCause } from "./wait-cause.ts";

const nothing = (): void => undefined;
const locked: WaitCause = { reason: "locked", message: "session 7 holds a lock" };
const gone: WaitCause = { reason: "unreachable", message: "the server is gone" };

let stalls: StallReport[];
let stopping: AbortController;
let options: RunOptions;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "Date", "performance"],
  });
  stalls = [];
  stopping = new AbortController();
  options = { signal: stopping.signal, observer: { stall: (report) => void stalls.push(report), error: nothing } };
});
afterEach(async () => {
  stopping.abort("the test has ended");
  await vi.advanceTimersByTimeAsync(60_000);
  assert.equal(vi.getTimerCount(), 0, "timers are left");
  vi.useRealTimers();
});

/** A store whose cursor is read once the test says so. */
class SlowStore extends RequestingStore {
  readonly reading: Gate = new Gate();
  override getCursor: RequestingStore["getCursor"] = async (_consumer, { signal } = {}) => {
    await withTimeLimit(this.reading.opened, { signal, what: "the cursor" });
    return this.row?.cursor ?? "";
  };
  whySlow?: () => Promise<WaitCause | undefined>;
  shortage?: () => WaitCause | undefined;
}

function start(parts: Partial<Spec> & { cursors: RequestingStore }, begin = run) {
  const consumer: Consumer = { name: "mailer", consume: nothing };
  const running = begin({ stream: mockStream([{ type: 1 }, { type: 1 }]), consumer, ...parts }, options);
  running.catch(nothing);
  return running;
}

describe("a wait of a run", () => {
  // Catches a run that ends never, or never begins, in silence: nobody else waits for what hangs there.
  test.each(["reset", "stop"] as const)("for the consumer's %s is told within 5 s", async (what) => {
    const consumer = { name: "mailer", consume: nothing, [what]: () => new Promise<void>(nothing) };
    const running = start({ cursors: new RequestingStore(), consumer, options: { toHead: true } });
    await vi.advanceTimersByTimeAsync(3900);
    expect(stalls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1100);
    const message = expect.stringMatching(`^consumer mailer has waited [45] s for its ${what}: `) as string;
    expect(stalls).toMatchObject([{ state: "stalled", consumer: "mailer", reason: "unknown", message }]);
    expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "unknown" } });
  });

  // Catches silence where nobody can be asked, and one that is told before there is cause for alarm.
  test("is told within 5 s, and what is waited for, though nobody can say why; and its end", async () => {
    const cursors = new SlowStore();
    const running = start({ cursors });
    await vi.advanceTimersByTimeAsync(3900);
    expect([stalls, running.status().state]).toEqual([[], "starting"]);
    await vi.advanceTimersByTimeAsync(1000);
    const message = "consumer mailer has waited 4 s for its cursor to be read: what it waits for can't be asked why";
    const place = { table: "", consumer: "mailer", prev: "", next: "" };
    expect(stalls).toMatchObject([{ ...place, state: "stalled", reason: "unknown", message }]);
    expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "unknown" } });
    cursors.reading.open();
    await vi.advanceTimersByTimeAsync(500);
    expect(stalls.slice(1)).toMatchObject([{ ...place, prev: "2", state: "resumed", reason: "unknown" }]);
    expect(running.status()).toMatchObject({ state: "waiting", position: "2" });
  });

  // Catches an answer that does not come keeping the telling from coming.
  test("is told within 5 s though the question why hangs, and again with the cause when that is known or changes", async () => {
    const cursors = new SlowStore();
    const asked = new Gate();
    let cause = locked;
    cursors.whySlow = () => asked.opened.then(() => cause);
    void start({ cursors });
    await vi.advanceTimersByTimeAsync(4900);
    asked.open();
    await vi.advanceTimersByTimeAsync(4000);
    cause = gone;
    await vi.advanceTimersByTimeAsync(8000);
    expect(stalls.map(({ reason }) => reason)).toEqual(["unknown", "locked", "unreachable"]);
  });

  // Catches the same told with each attempt, and a run that is told to go on since an attempt has failed.
  test("that lasts over attempts of runForever is told once, and ends when the run goes on", async () => {
    const cursors = new SlowStore();
    cursors.whySlow = () => Promise.resolve(gone);
    let failing = true;
    cursors.getCursor = async () => {
      if (failing) await new Promise((_resolve, reject) => setTimeout(() => reject(new Error("time limit")), 10_000));
      return "";
    };
    const running = start({ cursors }, runForever);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(stalls.map(({ state, reason }) => `${state} ${reason}`)).toEqual(["stalled unreachable"]);
    expect(running.status()).toMatchObject({ state: "stalled", lastError: { error: new Error("time limit") } });
    failing = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(stalls.slice(1)).toMatchObject([{ state: "resumed", reason: "unreachable" }]);
    expect(stalls[1]?.waitedMs).toBeGreaterThan(30_000);
  });

  // Catches a run that ends in silence about what it had told, and one that is told to go on when it has failed.
  test.each([
    ["resumed", "that ends well", ["stalled", "resumed"]],
    ["not resumed", "that fails", ["stalled"]],
  ])("is told as %s at the end of a run %s", async (_told, how, states) => {
    const cursors = new SlowStore("0");
    const flushed = new Gate();
    cursors.reading.open();
    cursors.flush = () => flushed.opened;
    const running = start({ cursors, options: { toHead: true } });
    await vi.advanceTimersByTimeAsync(4900);
    if (how === "that ends well") flushed.open();
    else flushed.fail(new Error("disk full"));
    await running.catch(nothing);
    expect(stalls.map(({ state }) => state)).toEqual(states);
  });
});

describe("a consumer at work", () => {
  // Catches an alarm for each handler that takes its time, and for a pool that has nobody waiting only now and then.
  test("is no stall, unless a pool that the run uses is drained when it is looked at twice", async () => {
    const cursors = new SlowStore("0");
    cursors.reading.open();
    const drained: WaitCause = { reason: "no_connection", message: "all 3 are lent" };
    let looks = 0;
    cursors.shortage = () => (++looks === 2 || looks > 3 ? drained : undefined);
    const work = new Gate();
    const running = start({ cursors, consumer: { name: "mailer", consume: () => work.opened } });
    await vi.advanceTimersByTimeAsync(7900);
    expect([looks, stalls]).toEqual([3, []]);
    expect(running.status()).toMatchObject({ state: "handling", event: "1" });
    await vi.advanceTimersByTimeAsync(3000);
    expect(stalls).toMatchObject([{ state: "stalled", reason: "no_connection", prev: "0" }]);
    expect(running.status()).toMatchObject({ state: "stalled", event: "1", stalledOn: drained });
    cursors.shortage = () => undefined;
    await vi.advanceTimersByTimeAsync(3000);
    expect(stalls.slice(1)).toMatchObject([{ state: "resumed" }]);
    expect(running.status()).toMatchObject({ state: "handling", event: "1" });
  });
});

describe("the status of a consumer", () => {
  // Catches a consumer that is healthy while its handler hangs.
  test("is that of the run that it is in, and of its last run after that", async () => {
    const work = new Gate();
    const consumer = createConsumer("mailer", () => work.opened);
    const running = start({ cursors: new RequestingStore("0"), consumer, options: { toHead: true } });
    await vi.advanceTimersByTimeAsync(60_000);
    const { since, ...status } = consumer.status();
    expect(status).toMatchObject({ state: "handling", event: "1", position: "0" });
    expect(Date.now() - since.getTime()).toBeGreaterThan(59_000);
    work.fail(new Error("the post is shut"));
    await running.catch(nothing);
    expect(consumer.status()).toMatchObject({ state: "stopped", position: "0", error: { code: "consumer_failed" } });
  });

  // Catches a consumer that is late for ever after one late event.
  test("is late no more once the stream has caught up", async () => {
    const alerts: LagAlert[] = [];
    const consumer = createConsumer("mailer", nothing, {
      lagAlertMs: 1000,
      onLagAlert: (alert) => void alerts.push(alert),
    });
    const stream = mockStream([{ type: 1, timestamp: new Date(Date.now() - 5000) }]);
    void start({ cursors: new RequestingStore("0"), stream, consumer });
    await vi.advanceTimersByTimeAsync(1000);
    expect(consumer.status()).toMatchObject({ state: "waiting", lagAlert: true, lagMs: 5000 });
    await vi.advanceTimersByTimeAsync(6000);
    expect(consumer.status()).toMatchObject({ state: "waiting", lagAlert: false });
    expect(alerts).toEqual([
      { consumer: "mailer", alert: true, lagMs: 5000 },
      { consumer: "mailer", alert: false, lagMs: 0 },
    ]);
  });

  // Catches a stream that stands still and counts as one that has caught up.
  test("is stalled, and late still, while something stands in the way of its stream", async () => {
    const consumer = createConsumer("mailer", nothing, { lagAlertMs: 1000 });
    const events = mockStream([{ type: 1, timestamp: new Date(Date.now() - 5000) }]);
    const stream: Spec["stream"] = (after, given) => Object.assign(events(after, given), { whySlow: async () => gone });
    void start({ cursors: new RequestingStore("0"), stream, consumer });
    await vi.advanceTimersByTimeAsync(4900);
    expect(consumer.status()).toMatchObject({ state: "stalled", stalledOn: gone, lagAlert: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(consumer.status()).toMatchObject({ state: "stalled", stalledOn: gone, lagAlert: true });
    // The stream itself tells it.
    expect(stalls).toEqual([]);
  });
});
