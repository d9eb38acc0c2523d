import { createConnection, type Socket } from "node:net";
import { markOf } from "./claim.ts";
import { startHub, wakeUps } from "./hub.ts";
import type { Link, LinkEvents, OpenLink } from "./link.ts";

export interface UnixOptions {
  readonly path: string;
  readonly channel: string;
}

const MOST_TRIES = 5;

/** Wake-ups through a unix socket: of the hub if there is one, else as the hub. */
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

/** A connection; undefined if no process listens there. */
function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = createConnection({ path });
  socket.unref();
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
  });
}

function linkTo(socket: Socket, { channel }: UnixOptions, { onWake, onLost }: LinkEvents): Link {
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  let open = true;
  // Its end is no error: the hub's process has ended, and another becomes the hub.
  socket.on("error", () => undefined);
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
