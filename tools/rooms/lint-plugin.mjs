// The lint rule that holds the floors of rooms.mjs, for types too.
import { dirname, relative, resolve } from "node:path";
import { roomOf } from "./rooms.mjs";

const repository = resolve(import.meta.dirname, "../..");

/** Why a file must not import another, both by their paths from the repository; undefined if it may. */
export function importProblem(file, imported) {
  if (!imported.startsWith("src/")) return `nothing in src imports ${imported}, which is outside of it`;
  const from = roomOf(file);
  const to = roomOf(imported);
  if (from === undefined || to === undefined) {
    const unknown = from === undefined ? file : imported;
    return `the folder of ${unknown} is no room: add it to tools/rooms/rooms.mjs, on the floor where it stands`;
  }
  if (from === to) return undefined;
  if (/(^|\/)index\.ts$/.test(imported)) return "nothing inside imports an index";
  if (to.floor >= from.floor) {
    return `${from.path} (floor ${from.floor}) must not import ${to.path} (floor ${to.floor}): only what is below it`;
  }
  if (from.only !== undefined && !from.only.includes(to.path)) {
    return `${from.path} imports ${from.only.join(", ")} only, not ${to.path}`;
  }
  return undefined;
}

const floors = {
  create(context) {
    const file = relative(repository, context.filename);
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
      const problem = importProblem(file, relative(repository, resolve(dirname(context.filename), specifier)));
      if (problem !== undefined) context.report({ node, message: problem });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { meta: { name: "rooms" }, rules: { floors } };
