/** How many bytes stand before the body of a packet: three of its length and its number. */
export const HEADER_BYTES = 4;

/** Cuts a stream of bytes of the MySQL protocol, which comes in pieces of any size, into its packets. */
export class PacketSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that are complete with these bytes, each with its header. */
  split(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: Buffer[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUIntLE(0, 3);
      if (this.#rest.length < end) break;
      packets.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return packets;
  }
}
