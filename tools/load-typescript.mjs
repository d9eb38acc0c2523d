// Loads a TypeScript module of this repository, which Node.js 20 can't by itself.
import { resolve } from "node:path";
import { createViteServer } from "vitest/node";

/** What the module exports; `file` is its path from the repository's folder. */
export async function loadTypeScript(file) {
  const server = await createViteServer({
    root: resolve(import.meta.dirname, ".."),
    configFile: false,
    logLevel: "error",
    server: { middlewareMode: true, ws: false, watch: null },
  });
  try {
    return await server.ssrLoadModule(`/${file}`);
  } finally {
    await server.close();
  }
}
