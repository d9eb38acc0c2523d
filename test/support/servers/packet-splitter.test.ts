import { expect, test } from "vitest";
import { PacketSplitter } from "./packet-splitter.ts";

const stream = Buffer.from([2, 0, 0, 0, 3, 65, 0, 0, 0, 1, 1, 0, 0, 2, 14]);
const packets = [Buffer.from([2, 0, 0, 0, 3, 65]), Buffer.from([0, 0, 0, 1]), Buffer.from([1, 0, 0, 2, 14])];

test("packets that come in one piece are told apart", () => {
  expect(new PacketSplitter().split(stream)).toEqual(packets);
});

test("packets that come byte by byte are put together", () => {
  const splitter = new PacketSplitter();
  expect([...stream].flatMap((byte) => splitter.split(Buffer.from([byte])))).toEqual(packets);
});
