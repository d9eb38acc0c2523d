// Runs the tests that are to catch each wrong implementation in test/mutants/mutants.ts against it. Exit code 1 if one
// survives, if its tests are not green without it, or if there are fewer than there should be. With --short only the first
// test of each, on one server. Names choose mutants: npm run test:mutants -- "time-out skips"
import { loadTypeScript } from "./load-typescript.mjs";

const { main } = await loadTypeScript("tools/mutants/main.ts");
process.exitCode = await main(process.argv.slice(2));
