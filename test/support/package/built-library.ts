import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildPackage } from "./build-package.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** The library as JavaScript in a folder of its own, for processes that can't run TypeScript. */
export interface BuiltLibrary {
  /** The URL of its index, to be imported. */
  readonly url: string;
  remove(): Promise<void>;
}

/** Builds it, or the variant of this name, in a new folder within `parent`. */
export async function buildLibrary(parent: string = tmpdir(), variant?: string): Promise<BuiltLibrary> {
  const folder = await mkdtemp(join(parent, "rsql-built-"));
  await buildPackage(join(folder, "dist"), { variant });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  return {
    url: pathToFileURL(join(folder, "dist/index.js")).href,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
