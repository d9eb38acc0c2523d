import { expect, test } from "vitest";
import { markdownTable, wrapText } from "./markdown-table.ts";

const table = {
  head: ["", "ratio"],
  sides: ["left", "right"],
  rows: [
    ["a|b", "1.00"],
    ["long <name>", "10,000"],
  ],
  nameWidth: 50,
  isCut: true,
} as const;

test("columns are padded, and what would end a cell is escaped", () => {
  expect(markdownTable(table).split("\n")).toEqual([
    "|                |  ratio |",
    "| -------------- | -----: |",
    "| a\\|b           |   1.00 |",
    "| long &lt;name> | 10,000 |",
  ]);
});

test("a table wider than a screen is cut, each piece with the names", () => {
  const figures = Array.from({ length: 12 }, (_, index) => `figure number ${index}`);
  const wide = {
    ...table,
    head: ["", ...figures],
    sides: ["left" as const, ...figures.map(() => "right" as const)],
    rows: [["first", ...figures]],
  };
  const text = markdownTable(wide);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  const pieces = text.split("\n\n");
  expect(pieces.length).toBeGreaterThan(1);
  for (const piece of pieces) expect(piece).toContain("| first |");
  for (const figure of figures) expect(text).toContain(figure);
  expect(markdownTable({ ...wide, isCut: false })).not.toContain("\n\n");
});

test("a name that is far too long runs over in its own line only", () => {
  const [head = "", , short = "", long = ""] = markdownTable({ ...table, nameWidth: 5 }).split("\n");
  expect(head.length).toBe(short.length);
  expect(long).toBe("| long &lt;name> | 10,000 |");
});

test("text is wrapped with its code in one piece", () => {
  const lines = wrapText(`${"word ".repeat(17)} \`npm run bench -- NAME\` end`, "  ").split("\n");
  expect(lines).toEqual(["word ".repeat(17).trim(), "  `npm run bench -- NAME` end"]);
});
