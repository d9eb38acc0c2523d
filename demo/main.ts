#!/usr/bin/env node
import { type DemoArguments, demoHelp, parseDemoArguments, UsageError } from "./arguments.ts";
import { Cleanup } from "./cleanup.ts";
import { DemoError } from "./connect.ts";
import { runDemo } from "./demo.ts";
import { Screen } from "./screen.ts";

const EXIT = { agreed: 0, failed: 1, usage: 2, interrupted: 130 } as const;
// npm passes Ctrl-C on to a process that has got it from the terminal already: two signals, one key.
const SAME_KEY_MS = 500;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const args = parseDemoArguments(process.argv.slice(2));
    if (args.help) {
      console.log(demoHelp);
      return EXIT.agreed;
    }
    return await demo(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nnpm run demo -- --help shows what there is.`);
    return EXIT.usage;
  }
}

async function demo(args: DemoArguments): Promise<number> {
  const screen = new Screen(process.stdout, process.env);
  const cleanup = new Cleanup();
  const interrupt = listenForInterrupt(screen);
  let code: number = EXIT.failed;
  try {
    code = (await runDemo(args, { env: process.env, screen, cleanup, signal: interrupt })) ? EXIT.agreed : EXIT.failed;
  } catch (error) {
    if (!interrupt.aborted) explain(error);
  } finally {
    screen.close();
    await cleanUp(cleanup, screen, interrupt);
  }
  return interrupt.aborted ? EXIT.interrupted : code;
}

async function cleanUp(cleanup: Cleanup, screen: Screen, interrupt: AbortSignal): Promise<void> {
  const left = await cleanup.run();
  for (const remedy of left) console.error(`Left behind: please ${remedy}`);
  if (interrupt.aborted && left.length === 0) screen.print("Stopped; nothing of the demo is left.");
}

/** The first Ctrl-C ends the demo in order, one more at once. */
function listenForInterrupt(screen: Screen): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (first !== undefined && now - first > SAME_KEY_MS) {
      screen.close();
      process.exit(EXIT.interrupted);
    }
    if (first !== undefined) return;
    first = now;
    controller.abort(new Error("interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  // As with `| head`: nobody reads on.
  process.stdout.on("error", () => controller.abort(new Error("nobody reads the output")));
  return controller.signal;
}

function explain(error: unknown): void {
  if (error instanceof DemoError) console.error(error.message);
  else console.error(error);
}
