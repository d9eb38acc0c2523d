import { setTimeout as delay } from "node:timers/promises";
import { type DatabaseHandle, toDatabase } from "reflex-rsql";

const POLL_EVERY_MS = 20;

/**
 * What many services have instead of this library: it remembers the highest id it saw and asks for rows above it. It
 * misses every event that commits after one with a higher id was read. Beside the demo, to show that this happens.
 */
export class NaivePoller {
  readonly #handle: DatabaseHandle;
  readonly #table: string;
  readonly #stopping = new AbortController();
  readonly #polling: Promise<void>;
  #last = "0";
  #seen = 0;

  constructor(handle: DatabaseHandle, table: string) {
    this.#handle = handle;
    this.#table = table;
    this.#polling = this.#poll();
    // Awaited at the end only.
    this.#polling.catch(() => {});
  }

  /** How many events it saw, after a last look; undefined if it could not go on. */
  async finish(): Promise<number | undefined> {
    this.#stopping.abort();
    try {
      await this.#polling;
      await this.#look();
      return this.#seen;
    } catch {
      return undefined;
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await delay(POLL_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const { dialect } = toDatabase(this.#handle);
    const sql = `select ${dialect.asText("t.id")} as id_text from ${this.#table} t where t.id > ${dialect.integerParam} order by t.id`;
    const rows = await toDatabase(this.#handle).rows<{ id_text: string }>(sql, [this.#last]);
    this.#seen += rows.length;
    this.#last = rows.at(-1)?.id_text ?? this.#last;
  }
}
