import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { NotifyingProcess, opened, socketPath } from "../../../../test/support/notifier/notifying-process.ts";
import { ReplaceableSocket } from "../../../../test/support/notifier/replaceable-socket.ts";
import { FIRST_RETRY_MS } from "./link.ts";

/** A hub that the test controls: it passes nothing on. */
async function helplessHub(path: string): Promise<Server> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(path);
  await once(server, "listening");
  return server;
}

async function firstPeer(server: Server): Promise<Socket> {
  const [peer] = (await once(server, "connection")) as [Socket];
  peer.on("error", () => undefined);
  await once(peer, "data");
  return peer;
}

describe("a wake-up that the link could not deliver", () => {
  // Catches a wake-up that is lost with the hub that it was sent to, while its receiver is at another hub already.
  test.each<[string, { sender: "hub" | "linked"; hubCloses: boolean }]>([
    ["its process was a hub that another had replaced", { sender: "hub", hubCloses: false }],
    ["its hub had been replaced by another", { sender: "linked", hubCloses: false }],
    ["its hub had been replaced by another and ends", { sender: "linked", hubCloses: true }],
  ])("is sent again through the next link when %s", async (_, { sender, hubCloses }) => {
    const socket = new ReplaceableSocket();
    const hub = await opened({ path: socket.path });
    const linked = await opened({ path: socket.path });
    const receiver = await opened({ path: socket.nextPath });
    const woken = receiver.woken();
    socket.replace();
    (sender === "hub" ? hub : linked).notifier.notify();
    if (hubCloses) await hub.notifier.close();
    await woken;
    expect([...hub.errors, ...linked.errors]).toEqual([]);
  });

  // Catches a write into a connection whose other end has gone, which the operating system refuses.
  test("is sent again when the hub was gone before the process noticed", async () => {
    const socket = new ReplaceableSocket();
    const server = await helplessHub(socket.firstPath);
    const sender = new NotifyingProcess({ path: socket.path });
    const peer = await firstPeer(server);
    const receiver = await opened({ path: socket.nextPath });
    const woken = receiver.woken();
    socket.replace();
    peer.destroy();
    sender.notifier.notify();
    await woken;
    expect(sender.errors).toEqual([]);
  });

  // Catches a wake-up that is sent again once only, to a hub that does not last either.
  test("is sent through every further link until a hub lasts", async () => {
    const socket = new ReplaceableSocket();
    const server = await helplessHub(socket.firstPath);
    const sender = new NotifyingProcess({ path: socket.path });
    const [peer, receiver] = [await firstPeer(server), await opened({ path: socket.nextPath })];
    sender.notifier.notify();
    await once(peer, "data");
    const again = firstPeer(server);
    peer.destroy();
    const woken = receiver.woken();
    const secondPeer = await again;
    socket.replace();
    secondPeer.destroy();
    await woken;
    expect(sender.errors).toEqual([]);
  });
});

// Catches a process that stays with a hub that is stopped, while all others have met at another.
test("a process leaves a hub that says nothing once the path leads to another", async () => {
  const socket = new ReplaceableSocket();
  const server = await helplessHub(socket.firstPath);
  const sender = new NotifyingProcess({ path: socket.path });
  await firstPeer(server);
  const receiver = await opened({ path: socket.nextPath });
  const woken = receiver.woken();
  sender.notifier.notify();
  socket.replace();
  await woken;
  expect(sender.errors).toEqual([]);
});

describe("close() of a socket notifier", () => {
  // Catches a program that inserts, closes and ends, and whose only wake-up still waited for the link to open.
  test("sends the wake-up that waits for the link to open", async () => {
    const path = socketPath();
    const server = await helplessHub(path);
    const received = once(server, "connection").then(([peer]) => text(peer as Socket));
    const sender = new NotifyingProcess({ path });
    sender.notifier.notify();
    await sender.notifier.close();
    // The empty channel's line, then the wake-up.
    expect(await received).toBe("\n\n");
  });

  // Catches a wake-up that is given up between two tries to open the link.
  test("tries once more to send the wake-up that waits for the next try", async () => {
    const socket = new ReplaceableSocket({ hasFirst: false });
    const receiver = await opened({ path: socket.nextPath });
    const woken = receiver.woken();
    let closed: Promise<void> | undefined;
    const sender: NotifyingProcess = new NotifyingProcess({
      path: socket.path,
      onError: () => {
        socket.replace();
        closed = sender.notifier.close();
      },
    });
    sender.notifier.notify();
    await woken;
    expect(await closed).toBeUndefined();
  });

  // Catches a try that is planned after the notifier was closed, and then opens a link that nobody closes.
  test("in the error function leaves nothing that opens a link later", async () => {
    const socket = new ReplaceableSocket({ hasFirst: false });
    await new Promise<void>((resolve) => {
      const closing: NotifyingProcess = new NotifyingProcess({
        path: socket.path,
        onError: () => resolve(closing.notifier.close()),
      });
    });
    socket.replace();
    await delay(10 * FIRST_RETRY_MS);
    expect(existsSync(socket.nextPath)).toBe(false);
  });
});
