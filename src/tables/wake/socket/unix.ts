import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { kindOfCause } from "../../../errors/show-error.ts";
import { startTimer } from "../../../waiting/timer.ts";
import { type FileMark, isSameFile, markOf } from "./claim.ts";
import { LOOK_MS, startHub, wakeUps } from "./hub.ts";
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
      throw new Error(`can't wake other processes through ${options.path}: ${kindOfCause(error)}`, { cause: error });
    }
  };
}

async function connectOrClaim(options: UnixOptions, events: LinkEvents): Promise<Link> {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
    const found = await markOf(options.path);
    const socket = found === undefined ? undefined : await tryConnect(options.path);
    if (found !== undefined && socket !== undefined) return linkTo(socket, { ...options, found }, events);
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

interface FoundHub extends UnixOptions {
  /** The mark of the socket on which the hub listens. */
  readonly found: FileMark;
}

/** The hub sends nothing but wake-ups, so whatever comes from the hub is one. */
function linkTo(socket: Socket, { channel, ...hub }: FoundHub, { onWake, onLost }: LinkEvents): Link {
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  let open = true;
  void closed.then(() => open && onLost());
  endWhenReplaced(socket, hub);
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

/**
 * Ends the connection once the path leads elsewhere: processes that start by then meet at another hub. A hub notices that by
 * itself, but not while its process is stopped, as by a debugger.
 */
function endWhenReplaced(socket: Socket, { path, found }: Omit<FoundHub, "channel">): void {
  const look = async (): Promise<void> => {
    const present = await markOf(path).catch(() => undefined);
    if (!isSameFile(present, found)) socket.destroy();
    else if (!socket.destroyed) cancel = startTimer(LOOK_MS, () => void look(), { keepAlive: false });
  };
  let cancel = startTimer(LOOK_MS, () => void look(), { keepAlive: false });
  socket.once("close", () => cancel());
}
