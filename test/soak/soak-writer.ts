import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import { EventsTable, transaction } from "reflex-rsql";

const LANES = 2;
const PAUSE_MS = 40;
const ROLLED_BACK = 0.3;
const MOST_EVENTS = 3;
const AFTER_ERROR_MS = 200;
const rolledBack = new Error("rolled back on purpose");

/** Writes events with rollbacks among them, whose foreign ids are numbers that all differ. */
export class SoakWriter {
  readonly #pool: Pool;
  readonly #tables: readonly string[];
  readonly #random: () => number;
  readonly #lanes: Promise<void>[];
  #stopping = false;
  #number = 0;

  constructor(pool: Pool, tables: readonly string[], random: () => number) {
    this.#pool = pool;
    this.#tables = tables;
    this.#random = random;
    this.#lanes = tables.flatMap((table) => Array.from({ length: LANES }, () => this.#write(new EventsTable(table))));
  }

  /** Resolves once what was begun is done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  get tables(): readonly string[] {
    return this.#tables;
  }

  async #write(table: EventsTable): Promise<void> {
    while (!this.#stopping) {
      const [size, rollsBack] = [1 + Math.floor(this.#random() * MOST_EVENTS), this.#random() < ROLLED_BACK];
      try {
        await transaction(this.#pool, async (tx) => {
          for (let event = 0; event < size; event++) await table.insert(tx, String(++this.#number), 1);
          if (rollsBack) throw rolledBack;
        });
      } catch (error) {
        // The server is down now and then. What it kept is counted at the end.
        if (error !== rolledBack) await delay(AFTER_ERROR_MS);
      }
      await delay(2 * PAUSE_MS * this.#random());
    }
  }
}
