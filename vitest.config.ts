import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { entries } from "./tools/entries.mjs";

// Only for tools/run-mutants.mjs, which shows that the tests catch wrong implementations.
const { RSQL_MUTANT: mutant } = process.env;

const config: ViteUserConfig = defineConfig({
  plugins: mutant === undefined ? [] : [(await import("./tools/variants/variant-plugin.ts")).variantPlugin(mutant)],
  resolve: {
    alias: entries.map(({ specifier, source }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: fileURLToPath(new URL(source, import.meta.url)),
    })),
  },
  test: {
    reporters: ["default", "./tools/summary-reporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{src,demo,test,tools,bench}/**/*.test.ts"],
          // The peers of the bench bring packages of their own, with tests in TypeScript.
          exclude: ["**/*.mysql.test.ts", "**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "mysql",
          include: ["{src,demo,test,tools}/**/*.{mysql,database}.test.ts"],
          globalSetup: ["./test/support/servers/global-setup.ts"],
          // A worker has servers of its own: files that share one would be in each other's measurements and locks.
          maxWorkers: 2,
          // The unit tests run with another number of workers, so before these.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
export default config;
