import { describe, expect, test } from "vitest";
import {
  connected,
  NotifyingProcess,
  opened,
  quiet,
  socketPath,
} from "../../../../test/support/notifier/notifying-process.ts";
import { LONGEST_CHANNEL, LONGEST_PATH, type SocketNotifierOptions, socketNotifier } from "./socket-notifier.ts";

let port = 20_000 + (process.pid % 20_000);

describe.each<{ kind: string; make: () => SocketNotifierOptions }>([
  { kind: "a unix socket", make: () => ({ path: socketPath() }) },
  { kind: "datagrams", make: () => ({ port: ++port }) },
])("socketNotifier() with $kind", ({ make }) => {
  // Catches a hub that passes no wake-up on, or passes it on to the first process only.
  test("wakes every other process, and its own, once for a commit", async () => {
    const options = make();
    // One after the other: a wake-up that waits for its link to open would come later than it is counted.
    const processes = [await opened(options), await opened(options), await opened(options)];
    await quiet(...processes);
    for (const from of processes) {
      const before = processes.map(({ wakes }) => wakes);
      const others = processes.filter((other) => other !== from).map((other) => other.woken());
      from.notifier.notify();
      await Promise.all(others);
      await quiet(...processes);
      expect(processes.map(({ wakes }, index) => wakes - (before[index] ?? 0))).toEqual([1, 1, 1]);
    }
    expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
  });

  // Catches a hub that compares channels for its own process only, or for no process.
  test("leaves processes of other channels asleep, also where one is the hub of both", async () => {
    const options = make();
    const orders = [1, 2].map(() => new NotifyingProcess({ ...options, channel: "order_events" }));
    const users = [1, 2].map(() => new NotifyingProcess({ ...options, channel: "user_events" }));
    const [order, otherOrder] = orders as [NotifyingProcess, NotifyingProcess];
    const [user, otherUser] = users as [NotifyingProcess, NotifyingProcess];
    await connected(order, otherOrder);
    await connected(user, otherUser);
    await quiet(...orders, ...users);
    const before = users.map(({ wakes }) => wakes);
    const woken = [otherOrder.woken()];
    order.notifier.notify();
    await Promise.all(woken);
    const again = order.woken();
    otherOrder.notifier.notify();
    await again;
    await quiet(...orders, ...users);
    expect(users.map(({ wakes }) => wakes)).toEqual(before);
    const orderWakes = orders.map(({ wakes }) => wakes);
    const wokenUser = otherUser.woken();
    user.notifier.notify();
    await wokenUser;
    await quiet(...orders, ...users);
    expect(orders.map(({ wakes }) => wakes)).toEqual(orderWakes);
  });

  // Catches a notify() that throws, or wakes no stream of its own process, when there is no link.
  test("wakes its own process at once, before there is a link and after close(), and never throws", async () => {
    const one = new NotifyingProcess(make());
    one.notifier.notify();
    expect(one.wakes).toBe(1);
    await one.notifier.close();
    const before = one.wakes;
    one.notifier.notify();
    expect(one.wakes).toBe(before + 1);
    await one.notifier.close();
    await one.notifier[Symbol.asyncDispose]();
  });

  // Catches an unsubscribe that also ends the link of other subscribers, and one after which its function is still called.
  test("calls a function no more once it was unsubscribed, and others still", async () => {
    const options = make();
    const [one, two] = [new NotifyingProcess(options), new NotifyingProcess(options)];
    let wakes = 0;
    const unsubscribe = two.notifier.subscribe(() => wakes++);
    await connected(one, two);
    const before = wakes;
    expect(before).toBeGreaterThan(0);
    unsubscribe();
    const woken = two.woken();
    one.notifier.notify();
    await woken;
    expect(wakes).toBe(before);
  });

  // Catches a burst of commits that wakes nobody, or only one of the other processes.
  test("wakes the other processes after a burst of commits", async () => {
    const options = make();
    const [one, two, three] = [
      new NotifyingProcess(options),
      new NotifyingProcess(options),
      new NotifyingProcess(options),
    ];
    await connected(one, two);
    await connected(one, three);
    await quiet(one, two, three);
    const woken = [two.woken(), three.woken()];
    for (let index = 0; index < 1000; index++) one.notifier.notify();
    await Promise.all(woken);
    expect([one, two, three].flatMap(({ errors }) => errors)).toEqual([]);
  });
});

describe("socketNotifier()", () => {
  // Catches a wrong option that the caller would notice only when the first wake-up is missing.
  test.each<[string, unknown]>([
    ["path or option port", {}],
    ["path or option port", { path: "/tmp/a", port: 1 }],
    ["path", { path: "" }],
    [`at most ${LONGEST_PATH} bytes`, { path: `/${"x".repeat(LONGEST_PATH)}` }],
    ["group", { path: "/tmp/a", group: "239.1.1.1" }],
    ["port", { port: 0 }],
    ["port", { port: 65_536 }],
    ["group", { port: 1, group: "10.0.0.1" }],
    ["channel", { port: 1, channel: "a\nb" }],
    ["channel", { port: 1, channel: "x".repeat(LONGEST_CHANNEL + 1) }],
    ["onError", { port: 1, onError: 1 }],
    ["nonsense", { port: 1, nonsense: 1 }],
  ])("refuses options with a wrong %s", (part, options) => {
    const make = (): unknown => socketNotifier(options as SocketNotifierOptions);
    expect(make).toThrow(part);
    expect(make).toThrow(expect.objectContaining({ code: "invalid_option" }) as Error);
  });
});
