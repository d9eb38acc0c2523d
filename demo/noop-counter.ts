import { type DatabaseHandle, toDatabase } from "reflex-rsql";
import { Repetition } from "./repetition.ts";

const COUNT_EVERY_MS = 500;

/** Counts the noops of an events table while the demo runs: each is an id that a stream has closed. */
export class NoopCounter {
  count = 0;
  readonly #repetition: Repetition;

  constructor(handle: DatabaseHandle, table: string) {
    const sql = `select count(*) as noops from ${table} where type = 0`;
    this.#repetition = new Repetition(COUNT_EVERY_MS, async () => {
      const [row] = await toDatabase(handle).rows<{ noops: number | string | bigint }>(sql, []);
      this.count = Number(row?.noops ?? 0);
    });
  }

  async finish(): Promise<void> {
    // A count that can't be had is worth no complaint: the noops are read again at the end.
    await this.#repetition.finish().catch(() => {});
  }
}
