import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  connected,
  NotifyingProcess,
  opened,
  quiet,
  socketPath,
} from "../../../../test/support/notifier/notifying-process.ts";

/** A connection that tells the hub its channel, the empty one. */
async function connectTo(path: string): Promise<Socket> {
  const socket = createConnection(path);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write("\n");
  return socket;
}

/** A hub that says nothing to a process that joins, as hubs did before there was a welcome. */
async function olderHub(path: string): Promise<void> {
  const joined = new Set<Socket>();
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy());
    socket.on("data", () => {
      // What comes first is the channel alone: a process sends wake-ups later, if not at once.
      const isWakeUp = joined.has(socket);
      joined.add(socket);
      if (isWakeUp) for (const other of joined) if (other !== socket) other.write("\n");
    });
  });
  onTestFinished(() => void server.close());
  server.listen(path);
  await once(server, "listening");
}

describe("a hub", () => {
  // Catches a wake-up that falls between the opening of a link, which wakes its process, and the hub's notice of it.
  test("wakes a process that it got to know after a wake-up was passed on", async () => {
    const path = socketPath();
    const hub = await opened({ path });
    const late = await opened({ path });
    // The link of `late` is open, and the hub has not read from it yet.
    const woken = late.woken();
    hub.notifier.notify();
    await woken;
    expect(late.wakes).toBe(2);
  });

  // Catches a hub that drops what it has not read yet when it can't write to a process that has ended.
  test("passes on the wake-up of a process that ended, though it failed to wake that process just before", async () => {
    const path = socketPath();
    const hub = await opened({ path });
    const other = await opened({ path });
    await connected(other, hub);
    const ending = await connectTo(path);
    const known = hub.woken();
    ending.write("\n");
    await known;
    await quiet(hub, other);
    // The hub hears of `other` first, and tries to write to the process that has ended by then.
    other.notifier.notify();
    ending.write("\n");
    ending.destroy();
    await other.woken();
    expect([...hub.errors, ...other.errors]).toEqual([]);
  });
});

describe("connections that never speak", () => {
  async function connectSilently(path: string): Promise<{ closed: Promise<unknown> }> {
    const socket = createConnection(path);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => {
      socket.once("close", resolve);
    });
    await once(socket, "connect");
    return { closed };
  }

  // Catches connections that are kept as long as their other end likes.
  test("are closed after a while, and those that have named their channel are not", async () => {
    const path = socketPath();
    const [hub, other] = [await opened({ path }), await opened({ path })];
    await connected(other, hub);
    const speaking = await connectTo(path);
    const silent = await connectSilently(path);
    await silent.closed;
    expect(speaking.destroyed).toBe(false);
    const woken = once(speaking, "data");
    hub.notifier.notify();
    await woken;
    await connected(other, hub);
    expect([...hub.errors, ...other.errors]).toEqual([]);
  });
});

describe("versions with and without the hub's welcome", () => {
  // Catches a hub that expects more of a process than its channel and its wake-ups.
  test("wake each other where the hub is new and a process is old", async () => {
    const path = socketPath();
    const hub = await opened({ path });
    const old = await connectTo(path);
    // Nothing but wake-ups is sent, and an old process takes any data for one.
    expect(String((await once(old, "data"))[0])).toBe("\n");
    const woken = hub.woken();
    old.write("\n");
    await woken;
    const oldWoken = once(old, "data");
    hub.notifier.notify();
    expect(String((await oldWoken)[0])).toBe("\n");
  });

  // Catches a process that waits for a welcome that never comes.
  test("wake each other where the hub is old and the processes are new", async () => {
    const path = socketPath();
    await olderHub(path);
    const [one, two] = [new NotifyingProcess({ path }), new NotifyingProcess({ path })];
    await connected(one, two);
    await connected(two, one);
    expect([...one.errors, ...two.errors]).toEqual([]);
  });
});
