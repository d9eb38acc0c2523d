import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entries } from "../../tools/entries.mjs";
import { type CodeBlock, examplesOfSource, fencesOfPages } from "./code-blocks.ts";
import { prelude } from "./prelude.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fences = fencesOfPages(root);
const examples = examplesOfSource(root);
const wrong: CodeBlock = { source: "a wrong block", code: 'await orders.insert(pool, "o-1", "Placed");' };
const blocks = [...fences, ...examples, wrong];

let folder: string;
/** What the compiler says, by the place of the block. */
const mistakes = new Map<string, string[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rsql-blocks-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await Promise.all(blocks.map((block, index) => writeFile(join(folder, `block-${index}.ts`), toModule(block))));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const compiled = promisify(execFile)(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    cwd: folder,
  });
  collect(
    await compiled.then(
      () => "",
      (error: { stdout: string }) => error.stdout,
    ),
  );
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const settings = {
  extends: join(root, "tsconfig.json"),
  compilerOptions: {
    paths: Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [join(root, source)]])),
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    skipLibCheck: true,
  },
  include: ["block-*.ts"],
};

/** A program imports what it uses. A part of one is put into a scope of its own, so that it may take names again. */
function toModule({ code }: CodeBlock): string {
  return /^import /m.test(code) ? code : `${prelude}\n{\n${code}\n}\n`;
}

function collect(output: string): void {
  for (const line of output.split("\n")) {
    const [, index, rest = ""] = /^block-(\d+)\.ts(.*)$/.exec(line) ?? [];
    const source = index === undefined ? "elsewhere" : (blocks[Number(index)]?.source ?? "elsewhere");
    const said = index === undefined ? line : rest;
    if (said !== "") mistakes.set(source, [...(mistakes.get(source) ?? []), said]);
  }
}

test.each([...fences, ...examples])("$source compiles", ({ source }) => {
  // Catches a name that was changed in the source and not on the page, an option that is gone, a missing import.
  expect(mistakes.get(source) ?? []).toEqual([]);
});

test("a block that does not compile is found, and nothing else fails", () => {
  // Catches a compiler that was not run, did not find the blocks or took names for any.
  expect(mistakes.get(wrong.source)?.join("\n")).toMatch(/"Placed".* is not assignable to parameter of type '1 \| 2'/);
  expect(mistakes.get("elsewhere") ?? []).toEqual([]);
});

test("blocks of TypeScript are marked ts and nothing more, so that none is left out", () => {
  // Catches a block that is not compiled because of what stands after its backticks.
  expect(fences.filter(({ info }) => info !== "ts").map(({ source, info }) => `${source} ${info}`)).toEqual([]);
  expect(fences.map(({ source }) => source)).toContainEqual(expect.stringMatching(/^README\.md:/));
  expect(examples.map(({ source }) => source)).toContainEqual(
    expect.stringMatching(/^src\/database\/handles\/transaction\.ts:/),
  );
});
