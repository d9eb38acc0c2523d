import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerGuard } from "./server-guard.ts";

const readyTimeoutMs = 30_000;

/** Resolves when the server behind `socketPath` greets a client; throws with the end of its log if it never does. */
export async function waitUntilReady(guard: ServerGuard, socketPath: string): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    if (guard.exitStatus !== undefined) throw await failure(guard, `ended with status ${guard.exitStatus}`);
    if (await greets(socketPath)) return;
    if (performance.now() > deadline) throw await failure(guard, `was not ready after ${readyTimeoutMs / 1000} s`);
    await delay(pauseMs);
  }
}

/** A TCP port of 127.0.0.1 that is free now. */
export async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  await once(listener, "close");
  return typeof address === "object" && address ? address.port : 0;
}

// The server speaks first: a packet of 4 bytes of header, then the version of the protocol, which has long been 10.
function greets(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once("error", () => settle(false));
    socket.once("close", () => settle(false));
    socket.once("data", (packet) => settle(packet[4] === 10));
  });
}

async function failure(guard: ServerGuard, what: string): Promise<Error> {
  const log = await guard.logTail();
  const remedy = "Check that its flags are right for its version and that the temporary folder has 200 MB of room.";
  return new Error(`the server ${what}. ${remedy} The end of its log:\n${log || "(nothing)"}`);
}
