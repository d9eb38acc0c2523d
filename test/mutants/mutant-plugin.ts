import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ViteUserConfig } from "vitest/config";
import type { Edit } from "./mutant.ts";
import { mutants } from "./mutants.ts";

type Plugin = Extract<NonNullable<ViteUserConfig["plugins"]>[number], { name: string }>;

/** Puts the mutant of this name in the place of the source while tests load it. The files stay as they are. */
export function mutantPlugin(name: string): Plugin {
  const mutant = mutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}" in test/mutants/mutants.ts`);
  for (const edit of mutant.edits) applyEdit(readFileSync(sourcePath(edit), "utf8"), edit);
  return {
    name: "mutant",
    enforce: "pre",
    transform(code, id) {
      const edits = mutant.edits.filter((edit) => id.split("?")[0] === sourcePath(edit));
      if (edits.length === 0) return undefined;
      return { code: edits.reduce((text, edit) => applyEdit(text, edit), code), map: null };
    },
  };
}

/** The source with the edit in it. Throws if its place is not there, or not the only one: a mutant that no longer mutates. */
export function applyEdit(source: string, { file, find, replace }: Edit): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`a mutant's place is ${places} times in ${file}, not once: ${find}`);
  return source.replace(find, () => replace);
}

export function sourcePath({ file }: Pick<Edit, "file">): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}
