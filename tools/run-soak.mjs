// Streams, runs and writers of test/soak for an hour, on private servers that are killed now and then. --help says more.
import { loadTypeScript } from "./load-typescript.mjs";

const { main } = await loadTypeScript("test/soak/main.ts");
process.exitCode = await main(process.argv.slice(2));
