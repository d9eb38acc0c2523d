import type { Database } from "../../../src/database/database.ts";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import type { ErrorReport } from "../../../src/reflex/observer.ts";
import { CursorsTable } from "../../../src/tables/cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../../../src/tables/cursors/cursors-table-options.ts";
import { createTables } from "../../../src/tables/schema/table-schema.ts";
import { watchedDatabase } from "../databases/watched-database.ts";
import type { Engine } from "../servers/engines.ts";

/** Stands in for the timer: the test decides when a period is over. */
export class Periods {
  readonly #ends: (() => void)[] = [];
  readonly sleep = (): Promise<void> => new Promise((resolve) => void this.#ends.push(resolve));

  get started(): number {
    return this.#ends.length;
  }

  end(): void {
    this.#ends.at(-1)?.();
  }
}

/** A database whose statements are counted, and can be held up or replaced. */
export interface Watched {
  readonly database: Database;
  readonly writes: string[];
  around: <Result>(run: () => Promise<Result>) => Promise<Result>;
  aroundRead: <Result>(read: () => Promise<Result>) => Promise<Result>;
}

export function watch(handle: DatabaseHandle): Watched {
  const watched: Watched = {
    writes: [],
    around: (run) => run(),
    aroundRead: (read) => read(),
    database: watchedDatabase(handle, ({ kind, sql }, send) => {
      if (kind === "rows") return watched.aroundRead(send);
      watched.writes.push(sql);
      return watched.around(send);
    }),
  };
  return watched;
}

/** Something that a test waits for. */
export class Signal {
  readonly #waiting: (() => void)[] = [];
  #given = 0;

  give(): void {
    this.#given += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async next(): Promise<void> {
    if (this.#given === 0) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#given -= 1;
  }
}

/** A cursors table of its own on an engine, and all that a test looks at. */
export interface CursorSetting {
  readonly pool: DatabaseHandle;
  readonly watched: Watched;
  readonly db: Database;
  readonly periods: Periods;
  readonly errors: ErrorReport[];
  readonly reported: Signal;
  readonly flushed: Signal;
  readonly table: CursorsTable;
  readonly raw: Awaited<ReturnType<Engine["createRawPool"]>>;
  /** The cursors in the table, by consumer. */
  readonly stored: () => Promise<Record<string, string>>;
}

export type SetUpCursors = (options?: CursorsTableOptions) => Promise<CursorSetting>;

let tables = 0;

/** Returns what makes a table of its own on pools that all tests of the engine share. */
export function cursorSettings(engine: Engine): SetUpCursors {
  let pools: Promise<Pick<CursorSetting, "pool" | "raw">> | undefined;
  // One for all tests: the mariadb driver opens all connections of a pool at once.
  const createPools = async (): Promise<Pick<CursorSetting, "pool" | "raw">> => {
    return { pool: (await engine.createPool()) as DatabaseHandle, raw: await engine.createRawPool() };
  };
  return async (options = {}) => {
    tables += 1;
    const { pool, raw } = await (pools ??= createPools());
    const watched = watch(pool);
    const periods = new Periods();
    const errors: ErrorReport[] = [];
    const reported = new Signal();
    const flushed = new Signal();
    const table = new CursorsTable(`cursors_${tables}`, {
      sleep: periods.sleep,
      observer: {
        flush: () => flushed.give(),
        error: (report) => {
          errors.push(report);
          reported.give();
        },
      },
      ...options,
    });
    await createTables(pool, [table]);
    const stored = async (): Promise<Record<string, string>> => {
      const [rows] = await raw.query(`select id, cast(last_event_id as char) as cursor_text from ${table.name}`);
      const pairs = (rows as { id: string; cursor_text: string }[]).map((row) => [row.id, row.cursor_text] as const);
      return Object.fromEntries(pairs);
    };
    return { pool, watched, db: watched.database, periods, errors, reported, flushed, table, raw, stored };
  };
}
