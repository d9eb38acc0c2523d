// Bundles the source into dist/, or into the folder that is named: one file a part, as each that Node.js loads takes
// time at the start of the user's program. What two of the entries use is in a chunk, so that its state is there once.
import { relative, resolve, sep } from "node:path";
import { build } from "rolldown";

const repository = resolve(import.meta.dirname, "..");
const source = resolve(repository, "src");

// What "exports" of package.json names.
const ENTRIES = ["index", "patterns/index", "testing/index"];

function isIn(...folders) {
  return (file) => folders.includes(relative(source, file).split(sep)[0]);
}

await build({
  cwd: repository,
  input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
  platform: "node",
  // Drivers are the user's.
  external: /^[^./]/,
  transform: { target: "es2023" },
  logLevel: "warn",
  output: {
    dir: process.argv[2] ?? "dist",
    // A stale file would be published.
    cleanDir: true,
    sourcemap: true,
    // Enough for stack traces; the text would be half of the package.
    sourcemapExcludeSources: true,
    minifyInternalExports: false,
    chunkFileNames: "chunks/[name].js",
    codeSplitting: {
      groups: [
        { name: "reflex", test: isIn("waiting", "reflex") },
        { name: "tables", test: isIn("database", "tables") },
        { name: "testing", test: isIn("testing"), minShareCount: 2 },
      ],
    },
  },
});
