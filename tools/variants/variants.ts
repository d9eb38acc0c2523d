import { leftOut } from "../../bench/left-out.ts";
import { mutants } from "../../test/mutants/mutants.ts";
import type { Variant } from "./variant.ts";

/**
 * All variants of the library. Their modules import no source but its types, since the source that a variant changes imports
 * them.
 */
const variants: ReadonlyMap<string, Variant> = new Map(
  [...mutants, ...leftOut].map((variant) => [variant.name, variant]),
);

export function variantNamed(name: string): Variant {
  const variant = variants.get(name);
  if (variant === undefined) throw new Error(`there is no variant "${name}"`);
  return variant;
}
