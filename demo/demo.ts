import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DemoArguments } from "./arguments.ts";
import { type ChosenDatabase, chooseDatabase } from "./choose-database.ts";
import type { Cleanup } from "./cleanup.ts";
import { DemoError, type OpenDatabase, openDatabase } from "./connect.ts";
import { gatherEvidence } from "./evidence.ts";
import { NaivePoller } from "./naive-poller.ts";
import { NoopCounter } from "./noop-counter.ts";
import { choosePace, measureTransaction } from "./pace.ts";
import { DECLINED_ONE_IN } from "./place-order.ts";
import { Play, type Played } from "./play.ts";
import { problemsOf, renderResults } from "./results.ts";
import type { Screen } from "./screen.ts";
import { createDemoTables, DemoTables, dropDemoTables } from "./tables.ts";
import { wrapped } from "./text.ts";
import { type Check, judge } from "./verdict.ts";

export interface DemoSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly screen: Screen;
  /** Filled with what must be undone, however this ends. */
  readonly cleanup: Cleanup;
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
}

const WRITERS = ["a", "b", "c", "d"];

/** Runs the demo and prints what came of it. Resolves with whether all agreed. */
export async function runDemo(args: DemoArguments, around: DemoSurroundings): Promise<boolean> {
  const { env, screen, cleanup, signal } = around;
  screen.print(screen.paint.bold("reflex-rsql demo"), "");
  const folder = await mkdtemp(join(tmpdir(), "rsql-demo-"));
  cleanup.add(`remove the folder ${folder}`, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const chosen = await chooseDatabase(args, { env, cleanup, folder, signal });
  present(screen, "Database", chosen.title);
  for (const note of chosen.notes) present(screen, "Note", note);
  signal.throwIfAborted();
  const tables = new DemoTables(`rsql_demo_${randomBytes(3).toString("hex")}`);
  const database = await setUp(chosen, tables, cleanup);
  const ordersPerSecond =
    args.ordersPerSecond ?? choosePace(chosen.kind, await measureTransaction(database.handle, tables));
  presentPlan(screen, { ...args, ordersPerSecond });
  signal.throwIfAborted();
  const { seconds, skipEvent } = args;
  const gaps = chosen.kind !== "sqlite";
  const noops = gaps ? new NoopCounter(database.handle, tables.events) : undefined;
  if (noops !== undefined) cleanup.add("end the demo's counter", () => noops.finish());
  const common = { target: chosen.target, tables, folder, seconds, ordersPerSecond, skipEvent };
  const plan = { ...common, writers: WRITERS, gapsClosed: noops && ((): number => noops.count) };
  const play = new Play(plan, screen, signal);
  cleanup.add("end the demo's processes", () => play.end());
  const poller = gaps ? new NaivePoller(database.handle, tables.events) : undefined;
  if (poller !== undefined) cleanup.add("end the demo's poller", () => poller.finish());
  const played = await play.run();
  await play.end();
  const naivelySeen = await poller?.finish();
  const evidence = await readBack(chosen, tables, play.journals);
  const checks = [...judge(evidence), resumeCheck(played)];
  screen.print(...renderResults({ played, evidence, checks, gaps, naivelySeen }, screen.paint));
  return problemsOf(checks).length === 0;
}

async function setUp(chosen: ChosenDatabase, tables: DemoTables, cleanup: Cleanup): Promise<OpenDatabase> {
  const database = await openDatabase(chosen.target, 2);
  const drop = async (): Promise<void> => {
    // A server or file of the demo's own is removed as a whole.
    if (chosen.kind === "yours") await dropDemoTables(database.handle, tables);
    await database.close();
  };
  cleanup.add(`drop the tables whose names begin with ${tables.prefix}`, drop);
  try {
    await createDemoTables(database.handle, tables);
  } catch (error) {
    const causes = error instanceof Error && error.cause instanceof Error ? [error, error.cause] : [error];
    const reason = causes.map((one) => (one instanceof Error ? one.message : String(one))).join(": ");
    throw new DemoError(
      `tables could not be created: ${reason}. The user needs CREATE, DROP, INSERT, UPDATE, DELETE and SELECT`,
    );
  }
  return database;
}

async function readBack(
  chosen: ChosenDatabase,
  tables: DemoTables,
  files: readonly string[],
): ReturnType<typeof gatherEvidence> {
  const { handle, close } = await openDatabase(chosen.target, 1);
  try {
    return await gatherEvidence(handle, tables, files);
  } finally {
    await close();
  }
}

function resumeCheck({ restart }: Played): Check {
  const claim = "after SIGKILL the read-model went on from its cursor";
  if (restart === undefined)
    return { claim, problems: ["read-model wrote no cursor in all that time, so it was not killed"] };
  const { consumer, saved, resumed } = restart;
  const problem = `${consumer} had written cursor ${saved} and went on from ${resumed || "the first event"}`;
  return { claim, problems: BigInt(resumed || 0) < BigInt(saved) ? [problem] : [] };
}

function presentPlan(screen: Screen, plan: DemoArguments & { readonly ordersPerSecond: number }): void {
  const { ordersPerSecond, seconds, skipEvent } = plan;
  const orders = `about ${ordersPerSecond} orders/s for ${seconds} s`;
  present(screen, "Plan", `${WRITERS.length} writers place ${orders}; 1 in ${DECLINED_ONE_IN} is rolled back`);
  if (skipEvent) present(screen, "Sabotage", "the mailer will lose one event, and the check must find it");
  screen.print("");
}

function present(screen: Screen, name: string, text: string): void {
  const [first = "", ...rest] = wrapped(text, screen.columns - 14);
  screen.print(`  ${screen.paint.dim(name.padEnd(10))}${first}`, ...rest.map((line) => `${" ".repeat(12)}${line}`));
}
