import { openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Acknowledgement } from "./verdict.ts";

/** What a writer writes down, line by line, the moment that it knows how a transaction ended. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  committed(orderId: string, eventId: string): void {
    writeSync(this.#file, `committed ${orderId} ${eventId} ${process.hrtime.bigint()}\n`);
  }

  rolledBack(orderId: string): void {
    writeSync(this.#file, `rolled-back ${orderId}\n`);
  }
}

export interface JournalEntries {
  readonly acknowledged: readonly Acknowledgement[];
  /** The orders that were rolled back. */
  readonly rolledBack: readonly string[];
}

export async function readJournal(path: string): Promise<JournalEntries> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.split(" "));
  return {
    acknowledged: lines
      .filter(([kind]) => kind === "committed")
      .map(([, orderId = "", eventId = "", at = "0"]) => ({ orderId, eventId, at: BigInt(at) })),
    rolledBack: lines.filter(([kind]) => kind === "rolled-back").map(([, orderId = ""]) => orderId),
  };
}
