// Plays the scenarios of test/faults on private servers, and counts what was lost. --help says what can be chosen.
import { loadTypeScript } from "./load-typescript.mjs";

const { main } = await loadTypeScript("test/faults/main.ts");
process.exitCode = await main(process.argv.slice(2));
