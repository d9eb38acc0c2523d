import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { findServer, howToInstall, type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import { randomNumbers } from "../support/random/random-numbers.mjs";
import type { WayResult } from "./judging/way-result.ts";
import { SilenceStage, type SilenceStageOptions } from "./stage/silence-stage.ts";
import type { Way } from "./way.ts";

export interface PlayOptions extends Omit<SilenceStageOptions, "random"> {
  readonly seed: number;
}

/** Tries a way on one server. Whatever happens becomes part of the result. */
export async function playWay(way: Way, options: PlayOptions): Promise<WayResult> {
  const { vendor, seed, tries } = options;
  const facts = { way: way.name, server: vendor, seed, tries };
  const skipped = (await missingServer(vendor)) ?? (await way.missing?.(vendor));
  if (skipped !== undefined) return { ...facts, skipped, verdicts: [], lost: 0, outOfOrder: 0, again: 0, seconds: 0 };
  const startedAt = performance.now();
  const folder = await mkdtemp(join(options.folder, `${way.name}-`));
  const stage = new SilenceStage(way, { ...options, folder, random: randomNumbers(seed) });
  let failure: string | undefined;
  try {
    await way.play(stage);
  } catch (error) {
    failure = String(error);
  }
  try {
    const counts = stage.readers.map((reader) => reader.counts);
    const sum = (of: "lost" | "outOfOrder" | "again"): number => counts.reduce((total, each) => total + each[of], 0);
    const sums = { lost: sum("lost"), outOfOrder: sum("outOfOrder"), again: sum("again") };
    return { ...facts, ...sums, failure, verdicts: stage.verdicts, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why there is no server of the vendor; undefined if there is one. In CI one that is missing is a failure. */
async function missingServer(vendor: ServerVendor): Promise<string | undefined> {
  if (process.env["CI"] || (await findServer(vendor)) !== undefined) return undefined;
  return `no ${vendorNames[vendor]} server on this machine. ${howToInstall(vendor)}`;
}
