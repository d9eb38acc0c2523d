import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { markOf } from "./claim.ts";
import { startHub, wakeUps } from "./hub.ts";
import type { Link, LinkEvents, OpenLink } from "./link.ts";

export interface UnixOptions {
  readonly path: string;
  readonly channel: string;
}

const MOST_TRIES = 5;

/** Links through the unix socket: to the hub that listens on the socket, or as the hub when no process listens. */
export function unixLink(options: UnixOptions): OpenLink {
  return async (events) => {
    try {
      return await connectOrClaim(options, events);
    } catch (error) {
      throw new Error(`can't wake other processes through ${options.path}: ${String(error)}`, { cause: error });
    }
  };
}

async function connectOrClaim(options: UnixOptions, events: LinkEvents): Promise<Link> {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
    const found = await markOf(options.path);
    const socket = found === undefined ? undefined : await tryConnect(options.path);
    if (socket !== undefined) return linkTo(socket, options, events);
    const hub = await startHub({ ...options, events }, found);
    if (hub !== undefined) return hub;
  }
  throw new Error("other processes try the same at once");
}

/** A connection to the hub, or undefined if no process listens on the socket. */
async function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = createConnection({ path });
  socket.unref();
  // The end of a connection is no error: the hub's process has ended, and another process becomes the hub.
  socket.on("error", () => undefined);
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw error;
  }
}

/** The hub sends nothing but wake-ups, so whatever comes from the hub is one. */
function linkTo(socket: Socket, { channel }: UnixOptions, { onWake, onLost }: LinkEvents): Link {
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  let open = true;
  void closed.then(() => open && onLost());
  socket.on("data", onWake);
  socket.on("end", () => socket.destroy());
  socket.write(`${channel}\n`);
  const send = wakeUps(socket);
  return {
    send,
    close: () => {
      open = false;
      socket.destroy();
      return closed;
    },
  };
}
