import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** The library as JavaScript in a folder of its own, for processes that can't run TypeScript. */
export interface BuiltLibrary {
  /** The URL of its index, to be imported. */
  readonly url: string;
  remove(): Promise<void>;
}

export async function buildLibrary(): Promise<BuiltLibrary> {
  const folder = await mkdtemp(join(tmpdir(), "rsql-built-"));
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  const target = ["-p", join(repository, "tsconfig.build.json"), "--outDir", join(folder, "dist")];
  // Types are checked elsewhere; what counts here is what comes out.
  await run(process.execPath, [compiler, ...target], { cwd: repository }).catch(() => {});
  const index = join(folder, "dist/index.js");
  await stat(index);
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  return {
    url: pathToFileURL(index).href,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
