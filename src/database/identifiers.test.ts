import { describe, expect, test } from "vitest";
import { checkIdentifier, parseTableName } from "./identifiers.ts";
import { mysqlDialect } from "./mysql-dialect.ts";

const longest = "x".repeat(64);

describe("parseTableName", () => {
  test.each([
    { name: "orders", parts: ["orders"] },
    { name: "shop.orders", parts: ["shop", "orders"] },
    { name: "order-events", parts: ["order-events"] },
    { name: "two words", parts: ["two words"] },
    { name: "größe_中", parts: ["größe_中"] },
    { name: "select", parts: ["select"] },
    { name: "7", parts: ["7"] },
    { name: longest, parts: [longest] },
    { name: `${longest}.${longest}`, parts: [longest, longest] },
  ])("takes $name", ({ name, parts }) => {
    expect(parseTableName(name)).toEqual(parts);
  });

  test.each([
    { name: "" },
    { name: "." },
    { name: ".orders" },
    { name: "shop." },
    { name: "shop..orders" },
    { name: "a.b.c" },
    { name: "x".repeat(65) },
    { name: `shop.${"x".repeat(65)}` },
    { name: "or`ders" },
    { name: "or'ders" },
    { name: 'or"ders' },
    { name: "or\\ders" },
    { name: "or?ders" },
    { name: "orders; drop table orders" },
    { name: "or\u0000ders" },
    { name: "or\nders" },
    { name: "or\u007fders" },
    { name: "or😀ders" },
    { name: " orders" },
    { name: "orders " },
    { name: "shop. orders" },
    { name: "orders\u00a0" },
    { name: undefined },
    { name: null },
    { name: 7 },
    { name: ["orders"] },
    { name: { toString: () => "orders" } },
  ])("refuses $name as a mistake of the program", ({ name }) => {
    const call = (): unknown => parseTableName(name, "the table");
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      expect.objectContaining({ code: "invalid_identifier", message: expect.stringMatching(/^the table .*found /s) }),
    );
  });
});

describe("checkIdentifier", () => {
  test("refuses a name with a dot, which is no name of a column", () => {
    expect(() => checkIdentifier("a.b", "idField")).toThrow(/idField must not contain .*found "a.b"/);
    expect(checkIdentifier("id", "idField")).toBe("id");
  });
});

describe("the MySQL dialect", () => {
  test("quotes schema and table apart, and nothing that could leave its quotes", () => {
    expect(mysqlDialect.quote("orders")).toBe("`orders`");
    expect(mysqlDialect.quote("shop.orders")).toBe("`shop`.`orders`");
    expect(() => mysqlDialect.quote("a` or 1=1 -- ")).toThrow(TypeError);
  });
});
