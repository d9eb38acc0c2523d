// Bundles the source into dist/, or into the folder that is named: one file an entry, as each that Node.js loads takes
// time at the start of the user's program. What two of the entries use is in a chunk, so that its state is there once.
import { relative, resolve, sep } from "node:path";
import { build } from "rolldown";
import { entries } from "./entries.mjs";

const repository = resolve(import.meta.dirname, "..");
const source = resolve(repository, "src");

function isIn(...folders) {
  return (file) => folders.includes(relative(source, file).split(sep)[0]);
}

/** Bundles into the folder, and resolves with what each file of it was made from. */
export async function bundle(folder, plugins = []) {
  const { output } = await build({
    cwd: repository,
    input: Object.fromEntries(entries.map((entry) => [entry.output, entry.source])),
    platform: "node",
    plugins,
    // Drivers are the user's.
    external: /^[^./]/,
    transform: { target: "es2023" },
    logLevel: "warn",
    output: {
      dir: folder,
      // A stale file would be published.
      cleanDir: true,
      minifyInternalExports: false,
      chunkFileNames: "chunks/[name].js",
      codeSplitting: {
        groups: [
          { name: "reflex", test: isIn("errors", "waiting", "options", "reflex") },
          { name: "tables", test: isIn("database", "tables") },
          { name: "testing", test: isIn("testing"), minShareCount: 2 },
        ],
      },
    },
  });
  return output.map(({ fileName, moduleIds }) => ({ file: fileName, sources: moduleIds }));
}

if (process.argv[1] === import.meta.filename) await bundle(process.argv[2] ?? "dist");
