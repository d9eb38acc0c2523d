import { entries } from "../../tools/entries.mjs";

export default {
  name: "reflex-rsql",
  entryPoints: entries.map(({ source }) => `../../${source}`),
  tsconfig: "tsconfig.json",
  out: "site",
  readme: "../../README.md",
  disableGit: true,
  sourceLinkTemplate: "src/{path}#L{line}",
  includeVersion: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  treatWarningsAsErrors: true,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: false,
    notDocumented: true
  },
  requiredToBeDocumented: [
    "Class",
    "Function",
    "Interface",
    "TypeAlias",
    "Variable",
    "Method",
    "Accessor",
    "Property"
  ]
};
