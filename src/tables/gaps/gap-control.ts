import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import type { GapConfig } from "../events/gap-options.ts";

/** A gap between two rows: the ids from `prev` + 1 up to `next` - 1 are missing. */
export interface Gap {
  /** The id before the gap; "0" at the table's start. */
  readonly prev: string;
  /** The first id after the gap. */
  readonly next: string;
}

/** Called for each gap once, when it is first seen. What it throws is reported, and stops nothing. */
export type GapListener = (gap: Gap) => void;

// How long the grace stays doubled. A writer that lost an id to a noop shows that the grace is too short for this
// machine.
const CAUTION_MS = 60_000;
const LONGEST_GRACE_MS = 1000;

// How many gaps of one database are remembered. Older ones were closed long ago.
const MOST_REMEMBERED = 1000;

/** What is done about the gaps of one events table, or of one of its streams that has options of its own. */
export class GapControl {
  readonly config: GapConfig;
  readonly #reporting: Reporting;
  /** The table's control, if this is the control of one of its streams. */
  readonly #table: GapControl | undefined;
  readonly #listeners = new Set<GapListener>();
  readonly #fills = new Set<Promise<unknown>>();
  /** For each database, the ids before those gaps that were told of. */
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

  /**
   * The control of a stream with options of its own. The table's control still decides when filling stops, tracks the
   * fills, knows the listeners, and doubles the grace.
   */
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
    const { config } = this;
    const table = this.#table ?? this;
    if (performance.now() >= table.#cautiousUntil) return config.graceMs;
    return Math.max(config.graceMs, table.#graceMs);
  }

  /** Declares the primary, and has gaps filled from now on. */
  fill(primary: Database): void {
    this.#primary = primary;
    this.#filling = true;
    this.#stopped = false;
  }

  /** Has no noop inserted from now on. Resolves when what is under way has ended. */
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

  /** Doubles the grace for a while: a writer of this process met a noop at the id that it was about to insert. */
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

  /** Tells of a gap that a stream sees in this database, unless it was told of before. */
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

/** The control of an events table. It is kept beside the table, so that it is no part of what users see of it. */
export function gapControlOf(table: object): GapControl | undefined {
  return controls.get(table);
}

/** Gives an events table its control. */
export function setGapControl(table: object, control: GapControl): void {
  controls.set(table, control);
}
