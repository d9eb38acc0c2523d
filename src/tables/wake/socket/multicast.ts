import { randomUUID } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { kindOfCause } from "../../../errors/show-error.ts";
import type { Link, LinkEvents, OpenLink } from "./link.ts";

export interface MulticastOptions {
  readonly port: number;
  readonly group: string;
  readonly channel: string;
}

const LOOPBACK = "127.0.0.1";

/** Links through multicast datagrams, which never leave the machine. */
export function multicastLink(options: MulticastOptions): OpenLink {
  return async (events) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    try {
      await bind(socket, options);
    } catch (error) {
      socket.close();
      throw new Error(`can't listen for wake-ups on port ${options.port} of ${options.group}: ${kindOfCause(error)}`, {
        cause: error,
      });
    }
    socket.unref();
    return linkOf(socket, options, events);
  };
}

async function bind(socket: Socket, { port, group }: MulticastOptions): Promise<void> {
  // Not exclusive, the workers of a cluster would share one socket, and each datagram would reach one of them only.
  socket.bind({ port, address: group, exclusive: true });
  await once(socket, "listening");
  socket.addMembership(group, LOOPBACK);
  socket.setMulticastInterface(LOOPBACK);
  socket.setMulticastLoopback(true);
  socket.setMulticastTTL(0);
}

function linkOf(socket: Socket, { port, group, channel }: MulticastOptions, { onWake, onLost }: LinkEvents): Link {
  const own = randomUUID();
  const datagram = Buffer.from(`rsql ${own} ${channel}`);
  const [start, end] = ["rsql ".length, `rsql ${own} `.length];
  let open = true;
  const close = (): Promise<void> => {
    if (!open) return Promise.resolve();
    open = false;
    return new Promise((resolve) => {
      socket.close(resolve);
    });
  };
  const lose = async (error: Error): Promise<void> => {
    if (!open) return;
    await close();
    onLost(error);
  };
  socket.on("error", (error) => void lose(error));
  socket.on("message", (message, sender) => {
    const text = message.toString();
    const known = text.startsWith("rsql ") && sender.address.startsWith("127.");
    // A process receives its own datagrams too.
    if (known && text.slice(start, end - 1) !== own && text.slice(end) === channel) onWake();
  });
  return {
    send: () => {
      if (open) socket.send(datagram, port, group, (error) => void (error === null ? undefined : lose(error)));
    },
    close,
  };
}
