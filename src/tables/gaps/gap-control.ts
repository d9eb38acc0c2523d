import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import type { GapConfig } from "../events/gap-options.ts";

/** A gap between two rows. If `prev` + 1 were `next`, there would be none. */
export interface Gap {
  /** The id before the gap; "0" at the table's start. */
  readonly prev: string;
  /** The first id after it. */
  readonly next: string;
}

/** Told of each gap once, when it is first seen. Its errors are reported and stop nothing. */
export type GapListener = (gap: Gap) => void;

// A writer that lost an id to a noop shows that the grace is too short for this machine; it is doubled for this long.
const CAUTION_MS = 60_000;
const LONGEST_GRACE_MS = 1000;

// Of the gaps in one database; older ones were closed long ago.
const MOST_REMEMBERED = 1000;

/** What one events table, or a stream with options of its own, does about gaps. */
export class GapControl {
  readonly config: GapConfig;
  readonly #reporting: Reporting;
  /** The table's, if this is of one of its streams. */
  readonly #table: GapControl | undefined;
  readonly #listeners = new Set<GapListener>();
  readonly #fills = new Set<Promise<unknown>>();
  /** The ids before gaps that were told of, by database. */
  readonly #told = new WeakMap<object, Set<string>>();
  #filling: boolean;
  #stopped = false;
  #primary: Database | undefined;
  #graceMs: number;
  #cautiousUntil = 0;

  constructor(config: GapConfig, reporting: Reporting, table?: GapControl) {
    this.config = config;
    this.#reporting = reporting;
    this.#table = table;
    this.#filling = config.filling;
    this.#primary = config.primary;
    this.#graceMs = config.graceMs;
  }

  /** The control of a stream with options of its own. Stops, fills, listeners and a writer's bad luck are the table's. */
  ofStream(config: GapConfig): GapControl {
    return new GapControl(config, this.#reporting, this);
  }

  get filling(): boolean {
    return this.#filling && !(this.#table ?? this).#stopped;
  }

  /** The server that takes the writes, if it was declared. */
  get primary(): Database | undefined {
    return this.#primary ?? this.#table?.primary;
  }

  get graceMs(): number {
    const careful = this.#table ?? this;
    if (performance.now() >= careful.#cautiousUntil) return this.config.graceMs;
    return Math.max(this.config.graceMs, careful.#graceMs);
  }

  /** Declares the primary and fills from now on. */
  fill(primary: Database): void {
    this.#primary = primary;
    this.#filling = true;
    this.#stopped = false;
  }

  /** Inserts no noop from now on; resolves when what is under way has ended. */
  async stopFilling(options: CallOptions): Promise<void> {
    this.#filling = false;
    this.#stopped = true;
    await withTimeLimit(Promise.allSettled(this.#fills), { ...options, what: "the filling of gaps to end" });
  }

  /** Runs one fill, so that {@link stopFilling} can wait for it. */
  async track<R>(fill: Promise<R>): Promise<R> {
    const fills = (this.#table ?? this).#fills;
    fills.add(fill);
    try {
      return await fill;
    } finally {
      fills.delete(fill);
    }
  }

  /** A writer of this process met a noop where it was about to insert. */
  doubleGrace(): void {
    this.#graceMs = Math.min(LONGEST_GRACE_MS, Math.max(1, this.graceMs) * 2);
    this.#cautiousUntil = performance.now() + CAUTION_MS;
  }

  listen(listener: GapListener): void {
    this.#listeners.add(listener);
  }

  stopListening(): void {
    this.#listeners.clear();
  }

  /** Tells of a gap that some stream sees in this database, unless it was told of before. */
  tell(table: string, gap: Gap, database: object): void {
    if (this.#table !== undefined) return this.#table.tell(table, gap, database);
    if (!this.#isNew(gap, database)) return;
    this.#reporting.tell("gap", { table, ...gap });
    for (const listener of this.#listeners) {
      try {
        listener(gap);
      } catch (error) {
        this.#reporting.error({ activity: "gap listener", name: table, error });
      }
    }
  }

  #isNew({ prev }: Gap, database: object): boolean {
    const told = this.#told.get(database) ?? new Set();
    if (told.has(prev)) return false;
    this.#told.set(database, told.add(prev));
    const [oldest] = told;
    if (told.size > MOST_REMEMBERED && oldest !== undefined) told.delete(oldest);
    return true;
  }
}

const controls = new WeakMap<object, GapControl>();

/** The control of an events table, kept beside it: it is no part of what users see of the table. */
export function gapControlOf(table: object): GapControl | undefined {
  return controls.get(table);
}

/** Gives an events table its control. */
export function setGapControl(table: object, control: GapControl): void {
  controls.set(table, control);
}
