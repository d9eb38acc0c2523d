import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { PacketSplitter } from "./packet-splitter.ts";

/** One packet of the client, without its 4 bytes of header: a command byte (3 is a query), then its text or values. */
export type PacketTest = (packet: Buffer) => boolean;

/** A TCP port in front of a server's unix socket, whose traffic a test can hold or cut. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** For mysql2 and others: user `root`, no password. */
  url(database?: string): string;
  /** How many clients are connected. */
  readonly connections: number;
  /** Holds all bytes in both directions, as a network does that has lost its route. New clients are held too. */
  pause(): void;
  /** Lets the held bytes go on. */
  resume(): void;
  /** Breaks all connections now. New ones are still taken. */
  cut(): void;
  /** Calls `see` with each packet that a client sends, after it was let through. Returns a function that ends it. */
  onCommand(see: (packet: Buffer) => void): () => void;
  /**
   * Lets the first packet that `matches` reach the server, then breaks its connection before any answer passes back:
   * the client cannot know what became of it. Resolves when that has happened; for commands that get an answer.
   */
  dropAfterForwarding(matches: PacketTest): Promise<void>;
  close(): Promise<void>;
}

/** The text of a packet that is a query; undefined for other commands. */
export function queryText(packet: Buffer): string | undefined {
  if (packet[0] !== 3) return undefined;
  // Where both sides know query attributes, their counts stand before the text: none, in one set.
  const start = packet[1] === 0 && packet[2] === 1 ? 3 : 1;
  return packet.toString("utf8", start);
}

/** Whether a packet is a query of this text, in any case: `isQuery("commit")`. */
export function isQuery(text: string): PacketTest {
  return (packet) => queryText(packet)?.trim().toLowerCase() === text.toLowerCase();
}

export async function startTcpProxy(socketPath: string): Promise<TcpProxy> {
  const proxy = new SocketProxy(socketPath);
  await proxy.listen();
  return proxy;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

class SocketProxy implements TcpProxy {
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  readonly #watchers = new Set<(packet: Buffer, link: Link) => void>();
  readonly #socketPath: string;
  #paused = false;
  port = 0;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
    this.#listener = createServer((client) => this.#accept(client));
  }

  async listen(): Promise<void> {
    this.#listener.listen(0, "127.0.0.1");
    await once(this.#listener, "listening");
    const address = this.#listener.address();
    if (typeof address === "object" && address) this.port = address.port;
  }

  get connections(): number {
    return this.#links.size;
  }

  url(database = ""): string {
    return `mysql://root@127.0.0.1:${this.port}/${database}`;
  }

  pause(): void {
    this.#paused = true;
    for (const { client, server } of this.#links) for (const socket of [client, server]) socket.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const { client, server } of this.#links) for (const socket of [client, server]) socket.resume();
  }

  cut(): void {
    for (const link of this.#links) this.#break(link);
  }

  onCommand(see: (packet: Buffer) => void): () => void {
    const watcher = (packet: Buffer): void => see(packet);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  dropAfterForwarding(matches: PacketTest): Promise<void> {
    return new Promise((resolve) => {
      const watcher = (packet: Buffer, link: Link): void => {
        if (!matches(packet)) return;
        this.#watchers.delete(watcher);
        // Nothing more goes to the client. The server gets its packet and then the end of the connection, in this
        // order, so that it has run the command by the time it sees that its client is gone.
        link.server.removeAllListeners("data");
        link.server.once("data", () => {
          this.#break(link);
          resolve();
        });
      };
      this.#watchers.add(watcher);
    });
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#listener.listening) return;
    this.#listener.close();
    await once(this.#listener, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    const link = { client, server: connect(this.#socketPath) };
    const packets = new PacketSplitter();
    this.#links.add(link);
    client.setNoDelay(true);
    client.on("data", (bytes: Buffer) => {
      link.server.write(bytes);
      for (const packet of packets.split(bytes)) for (const see of this.#watchers) see(packet, link);
    });
    link.server.on("data", (bytes: Buffer) => client.write(bytes));
    for (const socket of [client, link.server]) {
      socket.on("error", () => this.#break(link));
      socket.on("close", () => this.#break(link));
      if (this.#paused) socket.pause();
    }
  }

  #break(link: Link): void {
    this.#links.delete(link);
    link.client.destroy();
    link.server.destroy();
  }
}
