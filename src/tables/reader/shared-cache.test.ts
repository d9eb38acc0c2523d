import { expect, test } from "vitest";
import { StreamPositions } from "./shared-cache.ts";

test("a place behind counts if it is another's, before the event, and near", () => {
  const places = new StreamPositions();
  const [own, other] = [{ position: 5n }, { position: 100n }];
  places.join(own);
  expect(places.anyBehind(100n, 50n, own)).toBe(false);
  places.join(other);
  expect(places.anyBehind(100n, 50n, own)).toBe(false);
  other.position = 99n;
  expect(places.anyBehind(100n, 50n, own)).toBe(true);
  other.position = 50n;
  expect(places.anyBehind(100n, 50n, own)).toBe(true);
  other.position = 49n;
  expect(places.anyBehind(100n, 50n, own)).toBe(false);
  other.position = 99n;
  expect(places.size).toBe(2);
  places.leave(other);
  expect(places.size).toBe(1);
  expect(places.anyBehind(100n, 50n, own)).toBe(false);
});
