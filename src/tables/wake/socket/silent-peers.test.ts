import { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FIRST_LINE_MS, MOST_SILENT, SilentPeers } from "./silent-peers.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function sockets(count: number): Socket[] {
  return Array.from({ length: count }, () => new Socket());
}

// Catches connections without number that come faster than they are closed.
test("The oldest silent connection makes room for one too many", () => {
  const silent = new SilentPeers();
  const [first, ...others] = sockets(MOST_SILENT + 1);
  for (const socket of [first as Socket, ...others]) silent.add(socket);
  expect(first?.destroyed).toBe(true);
  expect(others.filter(({ destroyed }) => destroyed)).toEqual([]);
});

// Catches a timer that closes a connection in use, and places that are never given back.
test("One that has spoken is left alone, and leaves its place to another", () => {
  const silent = new SilentPeers();
  const [speaking, ...others] = sockets(MOST_SILENT + 1);
  silent.add(speaking as Socket);
  silent.delete(speaking as Socket);
  for (const socket of others) silent.add(socket);
  expect(others.filter(({ destroyed }) => destroyed)).toEqual([]);
  vi.advanceTimersByTime(FIRST_LINE_MS);
  expect(others.filter(({ destroyed }) => !destroyed)).toEqual([]);
  expect(speaking?.destroyed).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
