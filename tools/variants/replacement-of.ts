import { variantNamed } from "./variants.ts";

/** What makes a variant's part of the original. Called by the source that {@link applyVariant} has changed. */
export function replacementOf(variant: string, part: number): (original: never) => unknown {
  const { replace } = variantNamed(variant).parts[part] ?? {};
  if (replace === undefined) throw new Error(`the variant "${variant}" has no part ${part}`);
  return replace;
}
