// The lint rule that holds the floors of rooms.mjs, for types too.
import { dirname, relative, resolve } from "node:path";
import { entries } from "../entries.mjs";
import { roomOf } from "./rooms.mjs";

const repository = resolve(import.meta.dirname, "../..");
const [{ specifier: packageName }] = entries;

/** Why a file must not import another, both by their paths from the repository; undefined if it may. */
export function importProblem(file, imported) {
  if (!imported.startsWith("src/")) return `nothing in src imports ${imported}, which is outside of it`;
  const from = roomOf(file);
  const to = roomOf(imported);
  if (from === undefined || to === undefined) {
    const unknown = from === undefined ? file : imported;
    return `the folder of ${unknown} is no room: add it to tools/rooms/rooms.mjs, on the floor where it stands`;
  }
  if (/(^|\/)index\.ts$/.test(imported)) return "nothing inside imports an index";
  if (from === to) return undefined;
  if (to.floor >= from.floor) {
    return `${from.path} (floor ${from.floor}) must not import ${to.path} (floor ${to.floor}): only what is below it`;
  }
  if (from.only !== undefined && !from.only.includes(to.path)) {
    return `${from.path} imports ${from.only.join(", ")} only, not ${to.path}`;
  }
  return undefined;
}

/** Why a file of src/ must not import by this specifier; undefined if it may. An unknown specifier is one that is worked out. */
export function specifierProblem(file, specifier) {
  if (specifier === undefined) return "a path that is worked out is on no floor: import by one that is written down";
  if (specifier === packageName || specifier.startsWith(`${packageName}/`)) return "nothing inside imports an index";
  if (!specifier.startsWith(".")) return undefined;
  return importProblem(file, relative(repository, resolve(repository, dirname(file), specifier)));
}

/** The specifier of a node that has one; undefined if it is worked out. */
function textOf(node) {
  if (node?.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return typeof node?.value === "string" ? node.value : undefined;
}

const floors = {
  create(context) {
    const file = relative(repository, context.filename);
    const check = (node, specifier) => {
      const problem = specifierProblem(file, specifier);
      if (problem !== undefined) context.report({ node, message: problem });
    };
    const checkSource = (node) => {
      if (node.source !== null) check(node, textOf(node.source));
    };
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression: checkSource,
      TSModuleDeclaration: (node) => {
        if (node.id.type !== "Identifier") check(node, textOf(node.id));
      },
      // A `require` of one's own, and paths that are meant for one, or for `import()`.
      CallExpression: (node) => {
        if (node.callee.type === "Identifier" && node.callee.name === "createRequire") check(node, undefined);
      },
      NewExpression: (node) => {
        const [path, base] = node.arguments;
        const isOwn = node.callee.type === "Identifier" && node.callee.name === "URL" && base !== undefined;
        const text = isOwn ? textOf(path) : undefined;
        if (text?.endsWith(".ts")) check(node, text);
      },
    };
  },
};

export default { meta: { name: "rooms" }, rules: { floors } };
