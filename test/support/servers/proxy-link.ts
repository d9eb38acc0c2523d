import { connect, type Socket } from "node:net";
import { HEADER_BYTES, PacketSplitter } from "./packet-splitter.ts";
import { ProxyLane } from "./proxy-lane.ts";

/** What a proxy does with a client's packet, whose body it is shown. */
export type PacketFate = "forward" | "stop";

/** What a proxy wants to know of its links. */
export interface LinkEvents {
  /** The client has sent a packet. It goes to the server unless its fate is "stop". */
  beforePacket(packet: Buffer, link: ProxyLink): PacketFate;
  /** The packet has gone to the server. */
  afterPacket(packet: Buffer, link: ProxyLink): void;
  ended(link: ProxyLink): void;
}

/** How long each piece of a connection's bytes is kept before it goes on, in ms, by direction. */
export interface ProxyDelays {
  readonly toServerMs?: number | undefined;
  readonly toClientMs?: number | undefined;
}

/** One connection through a proxy: the client's, and the one to the server that was made for it. */
export class ProxyLink {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #toServer: ProxyLane;
  readonly #toClient: ProxyLane;
  readonly #events: LinkEvents;
  #inBlackHole = false;

  constructor(client: Socket, socketPath: string, events: LinkEvents) {
    this.#client = client;
    this.#server = connect(socketPath);
    this.#toServer = new ProxyLane(this.#server);
    this.#toClient = new ProxyLane(client);
    this.#events = events;
    client.setNoDelay(true);
    const packets = new PacketSplitter();
    client.on("data", (bytes: Buffer) => {
      for (const packet of packets.split(bytes)) if (!this.#forward(packet)) return;
    });
    this.#server.on("data", (bytes: Buffer) => this.#toClient.send(bytes));
    for (const socket of this.#sockets) {
      socket.on("error", () => this.#onClose(socket));
      socket.on("close", () => this.#onClose(socket));
    }
  }

  setDelays({ toServerMs = 0, toClientMs = 0 }: ProxyDelays): void {
    this.#toServer.delayMs = toServerMs;
    this.#toClient.delayMs = toClientMs;
  }

  pause(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  /** Loses every byte of both sides from now on, and what each side would hear of the other's end. */
  swallow(): void {
    this.#inBlackHole = true;
    this.#toServer.swallow();
    this.#toClient.swallow();
  }

  /** Keeps the server's answers back. Resolves when there is one. */
  holdAnswers(): Promise<void> {
    return this.#toClient.hold();
  }

  releaseAnswers(): void {
    this.#toClient.release();
  }

  break(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#events.ended(this);
  }

  get #sockets(): readonly Socket[] {
    return [this.#client, this.#server];
  }

  /** False if the rest of the client's bytes is not to be looked at. */
  #forward(packet: Buffer): boolean {
    const body = packet.subarray(HEADER_BYTES);
    if (this.#events.beforePacket(body, this) === "stop") return false;
    this.#toServer.send(packet);
    this.#events.afterPacket(body, this);
    return true;
  }

  // The end of one side is a packet too: through a black hole the other does not hear of it.
  #onClose(socket: Socket): void {
    if (this.#inBlackHole && this.#sockets.some((each) => !each.destroyed)) socket.destroy();
    else this.break();
  }
}
