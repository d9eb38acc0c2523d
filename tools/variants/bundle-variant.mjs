// Bundles the package with a variant of variants.ts in it, by its name, into a folder: for benches that compare the two.
import { bundle } from "../bundle.mjs";
import { loadTypeScript } from "../load-typescript.mjs";

const [name, folder] = process.argv.slice(2);
if (name === undefined || folder === undefined) throw new Error("give the name of a variant and a folder");
const { variantPlugin } = await loadTypeScript("tools/variants/variant-plugin.ts");
await bundle(folder, [variantPlugin(name)]);
