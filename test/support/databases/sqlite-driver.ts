import { readFileSync } from "node:fs";

const manifest = readFileSync(new URL("../../../node_modules/libsql/package.json", import.meta.url), "utf8");

/** Whether "libsql" is libsql: another driver with its API may be installed in its place, to run the tests on that. */
export const isLibsql: boolean = (JSON.parse(manifest) as { readonly name: string }).name === "libsql";
