import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

interface BuiltParts {
  readonly declarations?: boolean;
  /** The name of a variant of the library that is built in its place. */
  readonly variant?: string | undefined;
}

/** Puts into `folder` what `npm run build` puts into dist/: the JavaScript and, where a program is compiled against it, the declarations. */
export async function buildPackage(folder: string, parts: BuiltParts = {}): Promise<void> {
  const { variant } = parts;
  const bundler = variant === undefined ? ["tools/bundle.mjs"] : ["tools/variants/bundle-variant.mjs", variant];
  await run(process.execPath, [...bundler, folder], { cwd: repository });
  if (parts.declarations !== true) return;
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  // Types are checked elsewhere; what counts here is what comes out.
  const target = ["-p", join(repository, "tsconfig.build.json"), "--outDir", folder, "--noCheck"];
  await run(process.execPath, [compiler, ...target], { cwd: repository });
  await run(process.execPath, [join(repository, "tools/prune-declarations.mjs"), folder]);
}
