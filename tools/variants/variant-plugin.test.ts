import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import { variantPlugin } from "./variant-plugin.ts";

/** What a module exports, bundled as the package is, with the variant in it. */
async function bundled(input: string, variant?: string): Promise<Record<string, unknown>> {
  const plugins = variant === undefined ? [] : [variantPlugin(variant)];
  const bundle = await rolldown({ input, external: /^[^./]/, platform: "node", plugins });
  const { output } = await bundle.generate({ codeSplitting: false });
  await bundle.close();
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

test("a bundle with a variant has the replaced function, and one without has its own", async () => {
  const full = [{ first: { id: "1" }, last: { id: "4" }, length: 3 }, 1n, 3];
  const isGapless = async (variant?: string): Promise<unknown> => {
    const module = await bundled("src/tables/pages/batch.ts", variant);
    return (module["isGapless"] as (...of: unknown[]) => unknown)(...full);
  };
  expect(await isGapless()).toBe(false);
  expect(await isGapless("full pages have no gaps")).toBe(true);
});

test("a bundle with a variant has the replaced value at a marked place", async () => {
  const module = await bundled("src/tables/pages/read-ahead.ts", "early pages count as they are");
  expect(String(module["ReadAhead"])).toMatch(/if \(\$part0\(\(\) => !isGapless\(/);
});

test("a variant that there is not is an error", () => {
  expect(() => variantPlugin("unheard of")).toThrow('no variant "unheard of"');
});
