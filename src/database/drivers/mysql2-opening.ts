import { isIP } from "node:net";
import type { Opening } from "./driver.ts";

/** The callback side of a mysql2 connection, as far as it shows how far its opening has come. */
export interface OpeningCore {
  /** The server's number of the session, once it is open. */
  readonly threadId?: number | null;
  readonly config?: { readonly connectTimeout?: unknown; readonly host?: unknown; readonly socketPath?: unknown };
  readonly stream?: OpeningSocket;
}

interface OpeningSocket {
  readonly connecting?: unknown;
  readonly bytesRead?: unknown;
  once?(event: "lookup", listener: () => void): unknown;
  destroy?(error: Error): unknown;
}

/** A connection that a pool of mysql2 has just begun to open; undefined if it does not show what it does. */
export function mysql2Opening({ threadId, config = {}, stream }: OpeningCore): Opening | undefined {
  const { connectTimeout, host, socketPath } = config;
  if ((threadId ?? null) !== null || stream?.destroy === undefined) return undefined;
  // The lookup of a name may take long by itself, and does not end with its socket.
  let hasAddress = typeof socketPath === "string" || (typeof host === "string" && isIP(host) !== 0);
  stream.once?.("lookup", () => {
    hasAddress = true;
  });
  return {
    get phase() {
      if (!hasAddress) return undefined;
      if (stream.connecting === true) return "unanswered";
      return stream.bytesRead === 0 ? "silent" : undefined;
    },
    limitMs: typeof connectTimeout === "number" && connectTimeout > 0 ? connectTimeout : Number.POSITIVE_INFINITY,
    giveUp: () => {
      const error = new Error("connect ETIMEDOUT");
      stream.destroy?.(Object.assign(error, { code: "ETIMEDOUT", syscall: "connect" }));
    },
  };
}
