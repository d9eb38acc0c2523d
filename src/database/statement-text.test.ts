import { expect, test } from "vitest";
import { withoutValues } from "./statement-text.ts";

test("A statement is shown without texts, numbers and comments", () => {
  expect(
    withoutValues(`update people set name = 'O''Hara \\' x', age=41 where id in (0x1F, -2.5e3) /* ann@example.org */`),
  ).toBe("update people set name = ?, age=? where id in (?, ?)");
  expect(withoutValues("insert into `t1` (a1) values (\"secret\", x'ff') -- tail")).toBe(
    "insert into `t1` (a1) values (?, ?)",
  );
});

test("A text that ends early is left out to its end", () => {
  expect(withoutValues("select 'half of a sec")).toBe("select ?");
  expect(withoutValues('select "half of a sec')).toBe("select ?");
  expect(withoutValues("select 1 /* half of a")).toBe("select ?");
});

test("A long statement is cut", () => {
  expect(withoutValues(`select ${"a, ".repeat(100)}b`)).toHaveLength(120);
});
