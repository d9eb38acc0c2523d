import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { PacketTest } from "./packet-tests.ts";
import { type LinkEvents, type PacketFate, type ProxyDelays, ProxyLink } from "./proxy-link.ts";

/** An answer of the server that its client has not been given. */
export interface HeldAnswer {
  /** Lets the client have it, and what came after it. */
  release(): void;
  /** Breaks the connection: the client is never told what the server has done. */
  cut(): void;
}

/** A TCP port in front of a server's unix socket, whose traffic a test can hold, lose or cut. For clients without TLS. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** For mysql2 and others: user `root`, no password. */
  url(database?: string): string;
  /** How many connections there are, those in a black hole included. */
  readonly connections: number;
  /** Lets connections that come from now on go to another server, as when a name or an address is given to it. */
  pointTo(socketPath: string): void;
  /** Holds all bytes in both directions, as a network does that has lost its route. New clients are held too. */
  pause(): void;
  /** Lets the held bytes go on. */
  resume(): void;
  /** Keeps all bytes for a while before they go on, those of new connections too, until it is called again. */
  delay(delays: ProxyDelays): void;
  /**
   * Loses all bytes of the connections that are there, and of new ones, while they stay open: neither side hears of the
   * other, nor of its end. Returns a function that ends it for new connections. Those that were in it stay in it until
   * they are cut.
   */
  blackHole(): () => void;
  /** Breaks all connections now. New ones are still taken. */
  cut(): void;
  /** Calls `see` with each packet that a client sends, after it was let through. Returns a function that ends it. */
  onCommand(see: (packet: Buffer) => void): () => void;
  /** Breaks the connection of the first packet that `matches`, which does not reach the server. Resolves after that. */
  dropBeforeForwarding(matches: PacketTest): Promise<void>;
  /**
   * Lets the first packet that `matches` reach the server, then breaks its connection before any answer passes back:
   * the client cannot know what became of it. Resolves when that has happened; for commands that get an answer.
   */
  dropAfterForwarding(matches: PacketTest): Promise<void>;
  /**
   * Lets the first packet that `matches` reach the server, and keeps what comes back on its connection. Resolves once
   * the server has answered.
   */
  holdAnswer(matches: PacketTest): Promise<HeldAnswer>;
  close(): Promise<void>;
}

export async function startTcpProxy(socketPath: string): Promise<TcpProxy> {
  const proxy = new SocketProxy(socketPath);
  await proxy.listen();
  return proxy;
}

class SocketProxy implements TcpProxy {
  readonly #listener: Server;
  readonly #links = new Set<ProxyLink>();
  readonly #gates = new Set<(packet: Buffer, link: ProxyLink) => PacketFate>();
  readonly #watchers = new Set<(packet: Buffer, link: ProxyLink) => void>();
  readonly #events: LinkEvents;
  #socketPath: string;
  #paused = false;
  #blackHoles = 0;
  #delays: ProxyDelays = {};
  port = 0;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
    this.#listener = createServer((client) => this.#accept(client));
    this.#events = {
      beforePacket: (packet, link) => {
        for (const gate of this.#gates) if (gate(packet, link) === "stop") return "stop";
        return "forward";
      },
      afterPacket: (packet, link) => {
        for (const see of this.#watchers) see(packet, link);
      },
      ended: (link) => this.#links.delete(link),
    };
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

  pointTo(socketPath: string): void {
    this.#socketPath = socketPath;
  }

  pause(): void {
    this.#paused = true;
    for (const link of this.#links) link.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const link of this.#links) link.resume();
  }

  delay(delays: ProxyDelays): void {
    this.#delays = delays;
    for (const link of this.#links) link.setDelays(delays);
  }

  blackHole(): () => void {
    this.#blackHoles++;
    for (const link of this.#links) link.swallow();
    let ended = false;
    return () => {
      if (!ended) this.#blackHoles--;
      ended = true;
    };
  }

  cut(): void {
    for (const link of this.#links) link.break();
  }

  onCommand(see: (packet: Buffer) => void): () => void {
    const watcher = (packet: Buffer): void => see(packet);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  dropBeforeForwarding(matches: PacketTest): Promise<void> {
    return new Promise((resolve) => {
      const gate = (packet: Buffer, link: ProxyLink): PacketFate => {
        if (!matches(packet)) return "forward";
        this.#gates.delete(gate);
        link.break();
        resolve();
        return "stop";
      };
      this.#gates.add(gate);
    });
  }

  async dropAfterForwarding(matches: PacketTest): Promise<void> {
    (await this.holdAnswer(matches)).cut();
  }

  holdAnswer(matches: PacketTest): Promise<HeldAnswer> {
    return new Promise((resolve) => {
      const watcher = (packet: Buffer, link: ProxyLink): void => {
        if (!matches(packet)) return;
        this.#watchers.delete(watcher);
        void link.holdAnswers().then(() => resolve({ release: () => link.releaseAnswers(), cut: () => link.break() }));
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
    const link = new ProxyLink(client, this.#socketPath, this.#events);
    this.#links.add(link);
    link.setDelays(this.#delays);
    if (this.#blackHoles > 0) link.swallow();
    if (this.#paused) link.pause();
  }
}
