import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { applyVariant, checkVariant } from "./apply-variant.ts";
import { variantNamed } from "./variants.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** As vite and rolldown know it. */
export interface VariantPlugin {
  readonly name: string;
  readonly enforce: "pre";
  transform(code: string, id: string): { code: string; map: null } | undefined;
}

/** Puts the variant of this name in the place of the source while it is loaded. The files stay as they are. */
export function variantPlugin(name: string): VariantPlugin {
  const variant = variantNamed(name);
  checkVariant(variant, readSources());
  return {
    name: "variant",
    // Before the types are gone, and the comments.
    enforce: "pre",
    transform(code, id) {
      const [path = ""] = id.split("?");
      const changed = applyVariant(variant, pathInRepository(path), code);
      return changed === code ? undefined : { code: changed, map: null };
    },
  };
}

/** The library's source texts, by their paths from the repository's folder. */
export function readSources(): ReadonlyMap<string, string> {
  const source = join(repository, "src");
  const paths = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => join(source, path));
  return new Map(paths.map((path) => [pathInRepository(path), readFileSync(path, "utf8")]));
}

function pathInRepository(path: string): string {
  return relative(repository, path).replaceAll(sep, "/");
}
