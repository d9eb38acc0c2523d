import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { type AnsweredCore, isIdle, lastStatus } from "./mysql2-idle.ts";

function packet(...payload: number[]): number[] {
  return [payload.length & 0xff, payload.length >> 8, 0, 1, ...payload];
}

const OK = packet(0, 0, 0, 0x02, 0, 0, 0);
const OK_IN_TRANSACTION = packet(0, 1, 0, 0x03, 0, 0, 0);
const END_OF_ROWS = packet(0xfe, 0, 0, 0x22, 0);
const END_IN_TRANSACTION = packet(0xfe, 0, 0, 0x23, 0);
const ROW = packet(1, 0x31);
const FAILURE = packet(0xff, 0x16, 0x04, 0x23);

function bytes(...packets: number[][]): Uint8Array {
  return Uint8Array.from(packets.flat());
}

describe("the status at the end of an answer is that of", () => {
  test.each([
    ["an OK packet", [OK], 0x02],
    ["an OK packet in a transaction", [OK_IN_TRANSACTION], 0x03],
    ["the end of rows", [packet(1), ROW, END_OF_ROWS, ROW, ROW, END_OF_ROWS], 0x22],
    ["the last end of rows", [packet(1), ROW, END_OF_ROWS, ROW, END_IN_TRANSACTION], 0x23],
    [
      "an OK packet after rows, as of a procedure",
      [packet(1), ROW, END_OF_ROWS, ROW, END_OF_ROWS, OK_IN_TRANSACTION],
      0x03,
    ],
    ["an OK packet with an id of two bytes", [packet(0, 1, 0xfc, 0xff, 0xff, 0x03, 0, 0, 0)], 0x03],
    ["an OK packet with an id of three bytes", [packet(0, 1, 0xfd, 1, 1, 1, 0x03, 0, 0, 0)], 0x03],
    ["an OK packet with an id of eight bytes", [packet(0, 1, 0xfe, 1, 1, 1, 1, 1, 1, 1, 1, 0x03, 0, 0, 0)], 0x03],
  ])("%s", (_what, packets, status) => {
    expect(lastStatus(bytes(...packets))).toBe(status);
  });

  test.each([
    ["nothing", []],
    ["an error, after which a transaction may be open", [FAILURE]],
    ["an error whose message ends like an OK packet", [packet(0xff, 0x16, 0x04, ...OK)]],
    ["an error among rows", [packet(1), ROW, END_OF_ROWS, ROW, FAILURE]],
    ["an answer to PREPARE without parameters and columns", [packet(0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)]],
    ["a row", [ROW]],
    ["a packet that is cut", [OK.slice(0, -1)]],
    ["a header that is cut", [OK, [7, 0]]],
    ["an OK packet without a status", [packet(0, 1)]],
  ])("unknown of %s", (_what, packets) => {
    expect(lastStatus(bytes(...packets))).toBeUndefined();
  });
});

class Stream extends EventEmitter {
  bytesRead = 0;

  bring(...packets: number[][]): void {
    const chunk = bytes(...packets);
    this.bytesRead += chunk.length;
    this.emit("data", chunk);
  }
}

function connect(parts: object = {}): { core: AnsweredCore & { _command?: unknown }; stream: Stream } {
  const stream = new Stream();
  const core = { stream, _command: undefined, packetParser: { packetHeaderLength: 4 }, ...parts };
  isIdle(core);
  return { core, stream };
}

describe("a connection is idle", () => {
  test("from its first answer on that says so, until another says otherwise", () => {
    const { core, stream } = connect();
    expect(isIdle(core)).toBe(false);
    stream.bring(OK);
    expect(isIdle(core)).toBe(true);
    stream.bring(OK_IN_TRANSACTION);
    expect(isIdle(core)).toBe(false);
    stream.bring(END_OF_ROWS);
    expect(isIdle(core)).toBe(true);
  });

  test("not while a command is under way", () => {
    const { core, stream } = connect();
    stream.bring(OK);
    Object.assign(core, { _command: {} });
    expect(isIdle(core)).toBe(false);
  });

  test("not by a piece of an answer that came in several", () => {
    const { core, stream } = connect();
    Object.assign(core, { _command: {} });
    stream.bring(packet(1), ROW);
    Object.assign(core, { _command: undefined });
    stream.bring(END_OF_ROWS);
    expect(isIdle(core)).toBe(false);
    stream.bring(OK);
    expect(isIdle(core)).toBe(true);
  });

  test("not after bytes that came unseen", () => {
    const { core, stream } = connect();
    stream.bring(OK);
    stream.bytesRead += OK_IN_TRANSACTION.length;
    expect(isIdle(core)).toBe(false);
    stream.bring(OK);
    expect(isIdle(core)).toBe(true);
  });

  test.each([
    ["in the compressed protocol", { packetParser: { packetHeaderLength: 7 } }],
    ["on a stream that does not count", { stream: new EventEmitter() }],
  ])("never %s", (_where, parts) => {
    const { core, stream } = connect(parts);
    ((core.stream as unknown as EventEmitter | undefined) ?? stream).emit("data", bytes(OK));
    expect(isIdle(core)).toBe(false);
  });

  test("never where the driver does not show its commands", () => {
    const stream = new Stream();
    const core = { stream, packetParser: { packetHeaderLength: 4 } };
    isIdle(core);
    stream.bring(OK);
    expect(isIdle(core)).toBe(false);
  });
});
