import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A piece of TypeScript that a user reads and copies. */
export interface CodeBlock {
  /** Where it begins, such as "README.md:63". */
  readonly source: string;
  readonly code: string;
}

/** A fence of a page whose code looks like TypeScript or JavaScript, with the word after its backticks. */
interface Fence extends CodeBlock {
  readonly info: string;
}

const CODE = /^(ts|tsx|mts|typescript|js|jsx|mjs|javascript)\b/i;

// Not pages of ours: what was installed, and what was built.
const NOT_READ = new Set(["node_modules", "site", "build", "dist"]);

function filesIn(root: string, folder: string, suffix: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(({ name }) => !NOT_READ.has(name));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(root, path, suffix);
    return path.endsWith(suffix) ? [path] : [];
  });
}

/** All blocks of the pages that are TypeScript or nearly. */
export function fencesOfPages(root: string): Fence[] {
  const pages = readdirSync(root).filter((name) => name.endsWith(".md"));
  const all = [...pages, ...filesIn(root, "docs", ".md"), ...filesIn(root, "examples", ".md")];
  return all.flatMap((path) => fences(path, readFileSync(join(root, path), "utf8")));
}

function fences(path: string, page: string): Fence[] {
  const found: Fence[] = [];
  let open: { info: string; line: number; indent: string; lines: string[] } | undefined;
  for (const [index, text] of page.split("\n").entries()) {
    const [, indent = "", info] = /^(\s*)```(.*)$/.exec(text) ?? [];
    if (info === undefined) open?.lines.push(text.slice(open.indent.length));
    else if (open === undefined) open = { info: info.trim(), line: index + 1, indent, lines: [] };
    else {
      if (CODE.test(open.info))
        found.push({ source: `${path}:${open.line}`, info: open.info, code: open.lines.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line} opens a block that nothing closes`);
  return found;
}

/** All examples of docstrings. */
export function examplesOfSource(root: string): CodeBlock[] {
  const paths = filesIn(root, "src", ".ts").filter((path) => !path.endsWith(".test.ts"));
  return paths.flatMap((path) => examples(path, readFileSync(join(root, path), "utf8")));
}

function examples(path: string, source: string): CodeBlock[] {
  const found: CodeBlock[] = [];
  for (const { 0: comment, index } of source.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const firstLine = source.slice(0, index).split("\n").length;
    const lines = comment.split("\n").map((line) => line.replace(/^\s*(\/\*\*|\*\/|\* ?)/, "").replace(/\s*\*\/$/, ""));
    for (const [at, line] of lines.entries()) {
      if (!line.trim().startsWith("@example")) continue;
      const rest = lines.slice(at + 1);
      const end = rest.findIndex((text) => /^@[a-z]/.test(text));
      const code = rest.slice(0, end === -1 ? undefined : end).filter((text) => !text.startsWith("```"));
      found.push({ source: `${path}:${firstLine + at}`, code: code.join("\n") });
    }
  }
  return found;
}
