import { type DatabaseHandle, toDatabase } from "reflex-rsql";
import { Repetition } from "./repetition.ts";

const POLL_EVERY_MS = 20;

/**
 * What many services have instead of this library: it remembers the highest id it saw and asks for rows above it. It
 * misses every event that commits after one with a higher id was read. Beside the demo, to show that this happens.
 */
export class NaivePoller {
  readonly #repetition: Repetition;
  #last = "0";
  #seen = 0;

  constructor(handle: DatabaseHandle, table: string) {
    const { dialect } = toDatabase(handle);
    const sql = `select ${dialect.asText("t.id")} as id_text, t.type from ${table} t where t.id > ${dialect.integerParam} order by t.id`;
    this.#repetition = new Repetition(POLL_EVERY_MS, async () => {
      const rows = await toDatabase(handle).rows<{ id_text: string; type: number | bigint }>(sql, [this.#last]);
      this.#seen += rows.filter(({ type }) => Number(type) !== 0).length;
      this.#last = rows.at(-1)?.id_text ?? this.#last;
    });
  }

  /** How many events it saw, after a last look; undefined if it could not go on. */
  async finish(): Promise<number | undefined> {
    try {
      await this.#repetition.finish();
      return this.#seen;
    } catch {
      return undefined;
    }
  }
}
