/** One packet of the client, without its header: a command byte (3 is a query), then its text or values. */
export type PacketTest = (packet: Buffer) => boolean;

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

/** Whether a packet is the `number`th that the test is asked about, counted from 1, of all connections together. */
export function isPacket(number: number): PacketTest {
  let seen = 0;
  return () => ++seen === number;
}
