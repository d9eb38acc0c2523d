import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { startTimer } from "../../../waiting/timer.ts";
import { claimPath, type FileMark, giveUpPath, isSameFile, markOf } from "./claim.ts";
import type { Link, LinkEvents } from "./link.ts";
import { SilentPeers } from "./silent-peers.ts";

/** Another process that is linked to this hub. */
interface Peer {
  /** Undefined until the hub has read the line in which the peer names its channel. */
  channel: string | undefined;
  readonly send: () => void;
}

export interface HubSource {
  readonly path: string;
  readonly channel: string;
  readonly events: LinkEvents;
}

export const LONGEST_LINE = 1000;
/** A peer that reads nothing for this long is cut off: a write that waits for it would keep this process alive. */
const STUCK_MS = 5000;
// The first looks at the path come soon after the claim, when another process may have claimed the path at the same
// moment. The later ones come now and then, since people and cleaners of temporary folders delete sockets.
const LOOKS_MS = [20, 100, 500] as const;
export const LOOK_MS = 1000;

/** Starts a hub in place of the socket `stale`. Resolves with undefined if another process claimed the path first. */
export async function startHub(source: HubSource, stale: FileMark | undefined): Promise<Link | undefined> {
  const temporary = `${source.path}.${process.pid}.${randomBytes(3).toString("hex")}`;
  const server = createServer();
  server.unref();
  const hub = new Hub(source, server);
  try {
    // Not exclusive, the workers of a cluster would share one socket.
    server.listen({ path: temporary, exclusive: true });
    await once(server, "listening");
    await chmod(temporary, 0o600);
    const mark = await claimPath(temporary, source.path, stale);
    if (mark !== undefined) return hub.begin(mark);
  } catch (error) {
    await hub.close();
    throw error;
  }
  await hub.close();
  return undefined;
}

/**
 * Passes wake-ups on between the processes of each channel. The hub's own process is one of them.
 *
 * A peer first sends its channel and a line feed. Whatever a peer sends after that is a wake-up, and so is whatever the hub
 * sends. The hub welcomes each peer with a wake-up. To the peer the welcome is a wake-up like any other, and a peer works
 * with a hub that sends none.
 */
class Hub implements Link {
  readonly #source: HubSource;
  readonly #server: Server;
  readonly #peers = new Map<Socket, Peer>();
  readonly #silent = new SilentPeers();
  #mark: FileMark | undefined;
  #cancelLook: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(source: HubSource, server: Server) {
    this.#source = source;
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  begin(mark: FileMark): this {
    this.#mark = mark;
    this.#server.on("error", (error) => void this.#lose(error));
    this.#lookIn(...LOOKS_MS);
    return this;
  }

  send(): void {
    this.#pass(this.#source.channel, undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelLook?.();
    if (this.#mark !== undefined) await giveUpPath(this.#source.path, this.#mark);
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    for (const socket of this.#peers.keys()) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.unref();
    socket.on("error", () => undefined);
    // This hub does not have the path yet, or no longer: a process that is linked to it would hear nothing.
    if (this.#mark === undefined || this.#closing !== undefined) return void socket.destroy();
    const peer: Peer = { channel: undefined, send: wakeUps(socket) };
    this.#peers.set(socket, peer);
    this.#silent.add(socket);
    socket.on("close", (hadError) => this.#part(socket, hadError));
    let line = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      if (peer.channel !== undefined) return this.#pass(peer.channel, peer);
      line += text;
      const end = line.indexOf("\n");
      if (end === -1 && line.length > LONGEST_LINE) return void socket.destroy();
      if (end === -1) return;
      peer.channel = line.slice(0, end);
      this.#silent.delete(socket);
      // The peer woke itself when its link opened, and wake-ups that came since then were not passed on to it.
      peer.send();
      if (line.length > end + 1) this.#pass(peer.channel, peer);
    });
  }

  #part(socket: Socket, hadError: boolean): void {
    const peer = this.#peers.get(socket);
    this.#peers.delete(socket);
    this.#silent.delete(socket);
    // A write to a peer that has ended fails, and then Node.js drops what the peer had sent: maybe a wake-up.
    if (hadError && peer?.channel !== undefined && this.#closing === undefined) this.#pass(peer.channel, peer);
  }

  #pass(channel: string, from: Peer | undefined): void {
    for (const peer of this.#peers.values()) if (peer !== from && peer.channel === channel) peer.send();
    if (from !== undefined && channel === this.#source.channel) this.#source.events.onWake();
  }

  #lookIn(delayMs = LOOK_MS, ...later: readonly number[]): void {
    this.#cancelLook = startTimer(delayMs, () => void this.#look(later), { keepAlive: false });
  }

  async #look(later: readonly number[]): Promise<void> {
    const found = await markOf(this.#source.path).catch(() => undefined);
    if (this.#closing !== undefined) return;
    if (isSameFile(found, this.#mark)) this.#lookIn(...later);
    else await this.#lose();
  }

  async #lose(error?: Error): Promise<void> {
    if (this.#closing !== undefined) return;
    await this.close();
    this.#source.events.onLost(error);
  }
}

/** A function that sends a wake-up. All wake-ups that come while another is being written become one. */
export function wakeUps(socket: Socket): () => void {
  let writing = false;
  let again = false;
  const send = (): void => {
    again = writing;
    if (writing || !socket.writable) return;
    writing = true;
    const cancel = startTimer(STUCK_MS, () => socket.destroy(), { keepAlive: false });
    socket.write("\n", () => {
      cancel();
      writing = false;
      if (again) send();
    });
  };
  return send;
}
