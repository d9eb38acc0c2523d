import type { Database } from "../../database/database.ts";
import type { ReadOptions, SharedSession } from "../../database/sessions/shared-session.ts";
import { CountedRegistry } from "../../waiting/counted-registry.ts";

/** A table whose highest id is looked up. */
export interface PolledHead {
  readonly table: string;
  readonly idField: string;
  /** The highest id at the last look; undefined before the first. */
  readonly highest: bigint | undefined;
  /** Whether it is lower than at the look before, or there was none: rows may be gone. */
  readonly fell: boolean;
}

/** What one look found, compared with the look before it. */
export interface LookResult {
  /** Whether the highest id of some table has changed. */
  readonly moved: boolean;
  /** When the look before this one began, by `performance.now()`. */
  readonly since: number;
}

interface Entry extends PolledHead {
  highest: bigint | undefined;
  fell: boolean;
}

/** Looks up the highest ids of all tables that streams of a database read, in one statement. */
export class HeadLook {
  readonly #dialect: Database["dialect"];
  readonly #entries = new CountedRegistry<string, Entry>();
  // The statement, whose text stays the same as long as the tables do, whichever of them have a stream at their head
  // just now. Drivers keep each text that they have prepared, and the server has room for only so many.
  #statement: { readonly text: string; readonly entries: readonly Entry[] } | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database) {
    this.#dialect = database.dialect;
  }

  /** Includes the table in looks from now on. Call {@link remove} once when done with it. */
  add(table: string, idField: string): PolledHead {
    return this.#entries.acquire(keyOf(table, idField), () => {
      this.#statement = undefined;
      return { table, idField, highest: undefined, fell: false };
    });
  }

  remove({ table, idField }: PolledHead): void {
    if (this.#entries.release(keyOf(table, idField)) !== undefined) this.#statement = undefined;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  async look(session: SharedSession, limits: ReadOptions): Promise<LookResult> {
    this.#statement ??= this.#makeStatement();
    const { text, entries } = this.#statement;
    const startedAt = performance.now();
    const { rows } = await session.rows<Record<string, string | null>>(text, [], limits);
    let moved = false;
    for (const [index, entry] of entries.entries()) {
      const highest = BigInt(rows[0]?.[`head_${index}`] ?? 0);
      moved ||= entry.highest !== undefined && entry.highest !== highest;
      entry.fell = entry.highest === undefined || highest < entry.highest;
      entry.highest = highest;
    }
    const since = this.#lastAt;
    this.#lastAt = startedAt;
    return { moved, since };
  }

  #makeStatement(): { text: string; entries: readonly Entry[] } {
    const entries = this.#entries.values;
    const maxima = entries.map(({ table, idField }, index) => {
      const maximum = this.#dialect.asText(`max(t.${this.#dialect.quote(idField)})`);
      return `(select ${maximum} from ${this.#dialect.quote(table)} as t) as head_${index}`;
    });
    return { text: `select ${maxima.join(", ")}`, entries };
  }
}

function keyOf(table: string, idField: string): string {
  return JSON.stringify([table, idField]);
}
