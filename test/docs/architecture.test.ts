import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { withRooms } from "../../tools/rooms/draw-rooms.mjs";
import { rooms } from "../../tools/rooms/rooms.mjs";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(repository, "docs/architecture.md"), "utf8");
const readme = readFileSync(join(repository, "README.md"), "utf8");

/** A file that the page links, and a function that it names beside it. */
interface Named {
  readonly file: string;
  readonly named: string;
}

const way = page.slice(page.indexOf("## Follow an event"), page.indexOf("## Rooms"));

/** The numbered steps. */
const steps: readonly string[] = way
  .split(/\n(?=\d+\. )/)
  .slice(1)
  .map((text) => (text.split("\n\n")[0] ?? "").trim());

/** All that a text names: a file, and the functions after it. */
function namedIn(text: string): Named[] {
  return [...text.matchAll(/\[[^\]]+\]\(\.\.\/(src\/[^)]+)\)((?:,?\s+`[^`]+`)*)/g)].flatMap(
    ([, file = "", names = ""]) => [...names.matchAll(/`([^`]+)`/g)].map(([, named = ""]) => ({ file, named })),
  );
}

/** Whether a source has a function of this name, or a class with this method. */
function has(source: string, named: string): boolean {
  const [owner, method] = named.split(".");
  if (method === undefined) return new RegExp(String.raw`^(export )?(async )?function ${owner}[<(]`, "m").test(source);
  const [, body = ""] = source.split(new RegExp(String.raw`\nexport (?:abstract )?class ${owner}\b`));
  return new RegExp(String.raw`^  (async )?#?${method}[<(]`, "m").test(body.split("\n}\n")[0] ?? "");
}

describe("docs/architecture.md", () => {
  test("follows an event in numbered steps of at most two lines, each of which names a file and a function", () => {
    expect(steps.length).toBeGreaterThan(20);
    expect(steps.map((text) => Number(text.split(".")[0]))).toEqual(steps.map((_, index) => index + 1));
    expect(steps.filter((text) => text.split("\n").length > 2)).toEqual([]);
    expect(steps.filter((text) => namedIn(text).length === 0)).toEqual([]);
  });

  test.each(namedIn(way))("names a file and a function that exist: $named", ({ file, named }) => {
    expect(existsSync(join(repository, file))).toBe(true);
    expect(has(readFileSync(join(repository, file), "utf8"), named)).toBe(true);
  });

  test("names a function beside each file, also of what is beside the way", () => {
    const linked = [...way.matchAll(/\]\(\.\.\/(src\/[^)]+)\)/g)].map(([, file]) => file);
    expect(new Set(namedIn(way).map(({ file }) => file))).toEqual(new Set(linked));
  });

  test("a function that a file does not have is found out", () => {
    const source = "\nexport class Reader {\n  async read(): Promise<void> {\n  }\n}\n\nfunction other(): void {}\n";
    expect([has(source, "Reader.read"), has(source, "other")]).toEqual([true, true]);
    expect([has(source, "Reader.write"), has(source, "Writer.read"), has(source, "read2")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("draws the rooms of the lint rule: `node tools/rooms/draw-rooms.mjs` after a change of them", () => {
    expect(page).toBe(withRooms(page));
    for (const { path } of rooms) expect(page).toContain(`\`${path === "" ? "index.ts" : path}\``);
  });

  test("is a click from the README, each slice by its heading", () => {
    const headings = [...way.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading);
    expect(headings.length).toBeGreaterThan(5);
    const anchors = headings.map((heading) => `docs/architecture.md#${heading.toLowerCase().replaceAll(" ", "-")}`);
    expect(anchors.filter((anchor) => !readme.includes(`(${anchor})`))).toEqual([]);
  });
});
