import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { connected, NotifyingProcess, socketPath } from "../../../../test/support/notifier/notifying-process.ts";
import { Reports } from "../../../../test/support/streams/gaps.ts";
import { LONGEST_LINE } from "./hub.ts";
import { FIRST_RETRY_MS } from "./link.ts";

describe("socketNotifier() with a unix socket", () => {
  // Catches a process that stays connected to a hub that is gone, and two processes that are both the hub for good.
  test("has another process take over when the hub ends, again and again, and loses none", async () => {
    const path = socketPath();
    const processes = Array.from({ length: 6 }, () => new NotifyingProcess({ path }));
    const [first] = processes as [NotifyingProcess];
    for (const other of processes.slice(1)) await connected(first, other);
    while (processes.length > 1) {
      await processes.shift()?.notifier.close();
      const [next] = processes as [NotifyingProcess];
      for (const other of processes.slice(1)) {
        await connected(next, other);
        await connected(other, next);
      }
    }
    expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
    await processes[0]?.notifier.close();
    expect(existsSync(path)).toBe(false);
  });

  // Catches a hub that everyone in the system may connect to, and temporary files that stay behind.
  test("makes the socket for its own user only, and leaves nothing else in the folder", async () => {
    const path = socketPath();
    const [one, two] = [new NotifyingProcess({ path }), new NotifyingProcess({ path })];
    await connected(one, two);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, ".."))).toEqual(["events.sock"]);
  });

  // Catches a notifier that can do nothing about a socket file that a killed process left behind.
  test("takes over the socket of a process that was killed", async () => {
    const path = socketPath();
    const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(path)).toBe(true);
    const processes = Array.from({ length: 5 }, () => new NotifyingProcess({ path }));
    const [first] = processes as [NotifyingProcess];
    for (const other of processes.slice(1)) await connected(first, other);
    expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
  });

  // Catches a hub that never notices that its socket file is gone, so that no other process can find the hub.
  test("finds together again when someone deletes the socket file", async () => {
    const path = socketPath();
    const [one, two] = [new NotifyingProcess({ path }), new NotifyingProcess({ path })];
    await connected(one, two);
    rmSync(path);
    const late = new NotifyingProcess({ path });
    await connected(late, one);
    await connected(two, late);
    await connected(one, two);
    expect(existsSync(path)).toBe(true);
  });

  // Catches a hub that puts its socket in place of whatever file is at the path.
  test("touches no file of another kind, tells of it once, and works once it is gone", async () => {
    const path = socketPath();
    writeFileSync(path, "precious");
    const [one, two] = [new NotifyingProcess({ path }), new NotifyingProcess({ path })];
    one.notifier.notify();
    while (one.errors.length === 0 || two.errors.length === 0) await delay(5);
    await delay(200);
    expect(statSync(path).size).toBe(8);
    expect(one.errors).toHaveLength(1);
    expect(one.errors[0]?.message).toContain(path);
    rmSync(path);
    await connected(one, two);
    expect([...one.errors, ...two.errors]).toHaveLength(2);
  });

  // Catches a message that blames other processes for a link that leads nowhere.
  test("says that a symbolic link leads nowhere, leaves it, and works once it is gone", async () => {
    const path = socketPath();
    symlinkSync(join(path, "..", "nowhere"), path);
    const one = new NotifyingProcess({ path });
    one.notifier.notify();
    while (one.errors.length === 0) await delay(5);
    expect(one.errors[0]?.cause).toMatchObject({
      message: expect.stringContaining("symbolic link that leads to no file") as string,
    });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    rmSync(path);
    const two = new NotifyingProcess({ path });
    await connected(one, two);
  });

  // Catches an outage that is told at every try to open the link, and a second outage that is not told at all.
  test("tells of each outage once, and again of the next", async () => {
    const path = socketPath();
    const folder = join(path, "..");
    rmSync(folder, { recursive: true });
    const one = new NotifyingProcess({ path });
    one.notifier.notify();
    while (one.errors.length === 0) await delay(5);
    await delay(300);
    expect(one.errors).toHaveLength(1);
    mkdirSync(folder);
    const two = new NotifyingProcess({ path });
    // Waking one another both ways shows that both links are open: the opening of its own link wakes a process too.
    await connected(one, two);
    await connected(two, one);
    expect(one.errors).toHaveLength(1);
    await two.notifier.close();
    rmSync(folder, { recursive: true });
    while (one.errors.length === 1) await delay(5);
    await delay(300);
    expect(one.errors).toHaveLength(2);
  });

  // Catches a hub that waits for ever for the end of a line, or fails when a connection ends without one.
  test("is not disturbed by a stranger that sends no line, a long one, or goes away", async () => {
    const path = socketPath();
    const [one, two] = [new NotifyingProcess({ path }), new NotifyingProcess({ path })];
    await connected(one, two);
    const stranger = createConnection(path);
    const closed = once(stranger, "close");
    stranger.on("error", () => undefined);
    stranger.write("x".repeat(5 * LONGEST_LINE));
    await closed;
    const silent = createConnection(path);
    await once(silent, "connect");
    silent.destroy();
    await connected(one, two);
    await connected(two, one);
    expect([...one.errors, ...two.errors]).toEqual([]);
  });

  // Catches a burst of commits that makes as many writes wait.
  test("makes two wake-ups of a burst of commits", async () => {
    const path = socketPath();
    const server = createServer();
    server.listen(path);
    await once(server, "listening");
    const one = new NotifyingProcess({ path });
    const [peer] = (await once(server, "connection")) as [Socket];
    await once(peer, "data");
    const received = text(peer);
    for (let index = 0; index < 1000; index++) one.notifier.notify();
    await nextTurn();
    await one.notifier.close();
    expect(await received).toBe("\n\n");
    server.close();
  });

  // Catches a process that connects again at once, over and over, when each connection is dropped.
  test("keeps trying, without haste, where a hub drops each connection", async () => {
    const path = socketPath();
    const connections = new Reports<string>();
    const server = createServer((socket) => {
      connections.add("dropped");
      socket.destroy();
    });
    server.listen(path);
    await once(server, "listening");
    const one = new NotifyingProcess({ path });
    one.notifier.notify();
    await connections.first(() => connections.all.length >= 3);
    await delay(50 * FIRST_RETRY_MS);
    // One that does not wait ever longer has come that often.
    expect(connections.all.length).toBeLessThan(50);
    const closed = once(server, "close");
    server.close();
    await closed;
    const two = new NotifyingProcess({ path });
    await connected(one, two);
  });
});
