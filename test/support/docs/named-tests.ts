import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** A file of the repository, by its path from there. */
export function readText(path: string): string {
  return readFileSync(join(repository, path), "utf8");
}

/** The rows of the table under this heading of a page, by cell, without the head. */
export function tableRows(page: string, heading: string): string[][] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return cells.slice(1, -1);
  });
}

/** Why a cell "`file`: title", or "[name](../file): title", names no test that is there; undefined if it names one. */
export function testProblem(cell: string | undefined): string | undefined {
  const [, plain, linked, title = ""] = /^(?:`([^`]+)`|\[[^\]]+\]\(\.\.\/([^)]+)\)): (.+)$/.exec(cell ?? "") ?? [];
  const file = plain ?? linked ?? "";
  if (file === "" || !existsSync(join(repository, file))) return `${cell}: there is no such file`;
  if (!file.endsWith(".test.ts")) return `${file} is no test`;
  const escaped = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // A test that is skipped shows nothing.
  const found = new RegExp(`(?<!\\.(?:skip|todo))\\(\\s*(["'\`])${escaped}\\1,`).test(readText(file));
  return found ? undefined : `${file} has no test "${title}"`;
}
