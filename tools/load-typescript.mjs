// Loads a TypeScript module of this repository, which Node.js 20 can't by itself.
import { resolve } from "node:path";
import { createViteServer } from "vitest/node";
import { entries } from "./entries.mjs";

const repository = resolve(import.meta.dirname, "..");

/** What the module exports; `file` is its path from the repository's folder. */
export async function loadTypeScript(file) {
  const server = await createViteServer({
    root: repository,
    configFile: false,
    // By its own name the library is its source, as in tests.
    resolve: {
      alias: entries.map(({ specifier, source }) => ({
        find: new RegExp(`^${specifier}$`),
        replacement: resolve(repository, source),
      })),
    },
    logLevel: "error",
    server: { middlewareMode: true, ws: false, watch: null },
  });
  try {
    return await server.ssrLoadModule(`/${file}`);
  } finally {
    await server.close();
  }
}
