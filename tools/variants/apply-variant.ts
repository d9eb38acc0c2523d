import { fileURLToPath } from "node:url";
import { awaitsIn, countMethods, effectAt, exportedDeclarations, valueOfStatementAt } from "./syntax.ts";
import type { LeftOutStatement, Part, ReplacedExport, ReplacedMethod, ReplacedPlace, Variant } from "./variant.ts";

const REPLACEMENTS = fileURLToPath(new URL("replacement-of.ts", import.meta.url));

/**
 * The source text of a file with the variant in it; the text itself if the variant changes nothing there. The file is named
 * by its path from the repository's folder. Throws if what the variant names is not there, or not only once. The text that
 * comes out asks for the replacements by the variant's name, under which `variants.ts` must have it.
 */
export function applyVariant(variant: Variant, file: string, code: string): string {
  const { name, parts } = variant;
  const concerned = parts
    .map((part, index) => ({ part, index }))
    .filter(({ part }) => ("place" in part ? marks(part, code).length > 0 : part.file === file));
  if (concerned.length === 0) return code;
  const changed = concerned.reduce((text, { part, index }) => change(text, { part, file, by: `$part${index}` }), code);
  const replacements = concerned.map(
    ({ index }) => `const $part${index} = $replacementOf(${JSON.stringify(name)}, ${index});`,
  );
  // On the line of the first statement, so that all others keep theirs.
  return `import { replacementOf as $replacementOf } from ${JSON.stringify(REPLACEMENTS)}; ${replacements.join(" ")} ${changed}`;
}

/** Throws if something that the variant replaces is not in these sources (texts by path), or not only once. */
export function checkVariant(variant: Variant, sources: ReadonlyMap<string, string>): void {
  for (const part of variant.parts) {
    if ("place" in part) {
      const count = [...sources.values()].reduce((sum, code) => sum + marks(part, code).length, 0);
      if (count !== 1) throw new Error(`the place "${part.place}" is ${count} times in the source, not once`);
    } else if (!sources.has(part.file)) throw new Error(`there is no file ${part.file} in the source`);
  }
  for (const [file, code] of sources) applyVariant(variant, file, code);
}

interface Change {
  readonly part: Part;
  readonly file: string;
  /** The variable that holds the replacement. */
  readonly by: string;
}

function change(code: string, { part, file, by }: Change): string {
  if (part.kind === "place") return changePlace(code, { part, file, by });
  if (part.kind === "statement") return withoutStatement(code, part, file);
  const target = targetOf(part, file, code);
  // The declarations of functions and classes can be assigned to; who imports them sees what they are at the time.
  return `${code}\n${target} = ${by}(${target});\n`;
}

function targetOf(part: ReplacedExport | ReplacedMethod, file: string, code: string): string {
  const { exported } = part;
  const declaration = exportedDeclarations(file, code).get(exported);
  if (declaration === undefined) throw new Error(`${file} exports no function or class ${exported}`);
  if (part.kind === "export") return exported;
  if (declaration.type !== "ClassDeclaration") throw new Error(`${exported} of ${file} is no class`);
  const count = countMethods(declaration, part.method);
  if (count !== 1) throw new Error(`the method ${part.method} is ${count} times in ${exported} of ${file}, not once`);
  return `${exported}.prototype.${part.method}`;
}

function changePlace(code: string, { part, file, by }: Change & { part: ReplacedPlace }): string {
  const value = valueOfStatementAt(file, code, below(part, code, file));
  if (value === undefined) throw new Error(`below the place "${part.place}" of ${file} is no statement with a value`);
  if (awaitsIn(file, code, value))
    throw new Error(`the value at the place "${part.place}" of ${file} awaits something`);
  const { start, end } = value;
  return `${code.slice(0, start)}${by}(() => (${code.slice(start, end)}))${code.slice(end)}`;
}

function withoutStatement(code: string, part: LeftOutStatement, file: string): string {
  const statement = effectAt(file, code, below(part, code, file));
  if (statement === undefined)
    throw new Error(`below the place "${part.place}" of ${file} is no statement to leave out`);
  return `${code.slice(0, statement.start)};${code.slice(statement.end)}`;
}

/** Where the statement below the comment begins. */
function below(part: ReplacedPlace | LeftOutStatement, code: string, file: string): number {
  const [mark, ...others] = marks(part, code);
  if (mark === undefined || others.length > 0) throw new Error(`the place "${part.place}" is not only once in ${file}`);
  return mark.index + mark[0].length;
}

/** The comments that name this place, each up to the statement below. */
function marks({ place }: ReplacedPlace | LeftOutStatement, code: string): RegExpExecArray[] {
  return [...code.matchAll(/^[ \t]*\/\/ variant place: (.+)\n\s*/gm)].filter(([, name]) => name === place);
}
