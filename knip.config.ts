import type { KnipConfig } from "knip";
import { entries } from "./tools/entries.mjs";

const config: KnipConfig = {
  entry: [
    ...entries.map(({ source }) => source),
    "demo/{main,writer,consumer}.ts",
    "tools/**/*.{ts,mjs}",
    "test/support/servers/*.ts",
    "test/faults/main.ts",
    "test/silence/main.ts",
    "test/soak/main.ts",
    "bench/main.ts",
    "bench/import-times.ts",
    "bench/large-events-process.ts",
  ],
  project: [
    "src/**/*.ts",
    "demo/**/*.ts",
    "test/**/*.ts",
    "test/support/errors/*.mjs",
    "tools/**/*.{ts,mjs}",
    "bench/**/*.ts",
    "*.config.ts",
  ],
  ignoreExportsUsedInFile: true,
  // Tests import these by names in variables, since the compiler refuses their types.
  ignoreDependencies: ["drizzle-orm", "sequelize"],
};
export default config;
