// What users can import: the one list of the package's entries. A new one is a line here and `npm run entries`, which writes
// the list to package.json and tsconfig.json, its API report and its budgets. Builds, checks and tests read the list here. By
// hand come its room, which is no longer planned in rooms/rooms.mjs, and owners of its options in test/support/input.
const packageName = "reflex-rsql";

/** The source of each entry, by what stands after the name of the package. */
const sources = {
  "": "src/index.ts",
  patterns: "src/patterns/index.ts",
  testing: "src/testing/index.ts",
};

/** @type {readonly import("./entries.mjs").Entry[]} */
export const entries = Object.entries(sources).map(([part, source]) => ({
  specifier: part === "" ? packageName : `${packageName}/${part}`,
  subpath: part === "" ? "." : `./${part}`,
  shortName: part === "" ? packageName : part,
  source,
  output: source.replace(/^src\//, "").replace(/\.ts$/, ""),
}));
