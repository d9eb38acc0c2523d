import { expect, test } from "vitest";
import type { Database } from "../../database/database.ts";
import { choosePrimary, rolesOf } from "./primary-finder.ts";
import type { ServerAnswer } from "./server-role.ts";

const [one, two, three] = ["one", "two", "three"].map((name) => ({ identity: { name } }) as unknown as Database) as [
  Database,
  Database,
  Database,
];
const all = [one, two, three];

test("the primary is the only server that takes writes, also while another is silent", () => {
  expect(choosePrimary(all, ["not_writable", "writable", "not_writable"])).toEqual({ found: two });
  expect(choosePrimary(all, ["silent", "not_writable", "writable"])).toEqual({ found: three });
});

test("of two servers that take writes none is picked", () => {
  for (const other of ["writable", "applying"] as const) {
    expect(choosePrimary(all, ["not_writable", "writable", other])).toMatchObject({
      missing: { reason: "several_primaries", message: expect.stringMatching(/servers 2 and 3 of gaps\.primary/) },
    });
  }
});

test("a server that applies another's writes is none, though nobody made it read-only", () => {
  expect(choosePrimary(all, ["silent", "applying", "not_writable"])).toMatchObject({
    missing: { reason: "not_writable", message: expect.stringMatching(/only number 2 takes writes/) },
  });
});

test("without any, it is told whether one of them is silent", () => {
  expect(choosePrimary(all, ["silent", "not_writable", "not_writable"])).toMatchObject({
    missing: { reason: "unreachable" },
  });
  expect(choosePrimary(all, ["not_writable", "not_writable", "not_writable"])).toMatchObject({
    missing: { reason: "not_writable" },
  });
});

test("a server counts once, at the first of its places, and one that does not tell who it is as another", () => {
  const server = (name: string): ServerAnswer => ({ role: "writable", server: name });
  expect(rolesOf([server("a"), { role: "silent", server: "" }, server("a"), server("b")])).toEqual([
    "writable",
    "silent",
    "not_writable",
    "writable",
  ]);
  expect(rolesOf([server(""), server("")])).toEqual(["writable", "writable"]);
});
