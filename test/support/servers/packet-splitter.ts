/** Cuts a stream of bytes of the MySQL protocol, which comes in pieces of any size, into the bodies of its packets. */
export class PacketSplitter {
  #rest: Buffer = Buffer.alloc(0);

  split(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: Buffer[] = [];
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readUIntLE(0, 3);
      if (this.#rest.length < end) break;
      packets.push(this.#rest.subarray(4, end));
      this.#rest = this.#rest.subarray(end);
    }
    return packets;
  }
}
