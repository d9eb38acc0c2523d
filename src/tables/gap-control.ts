import type { Database } from "../database/database.ts";
import type { Reporting } from "../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../waiting/time-limit.ts";
import type { GapConfig } from "./gap-options.ts";

/** A hole between two rows. If `prev` + 1 were `next`, there would be none. */
export interface Gap {
  /** The id before the hole; "0" at the table's start. */
  readonly prev: string;
  /** The first id after it. */
  readonly next: string;
}

/** Told of each hole once, when it is first seen. Its errors are reported and stop nothing. */
export type GapListener = (gap: Gap) => void;

// A writer that lost an id to a noop shows that the grace is too short for this machine; it is doubled for this long.
const CAUTION_MS = 60_000;
const LONGEST_GRACE_MS = 1000;

/** What one events table does about holes: which servers, how soon, who is told, and whether at all. */
export class GapControl {
  readonly config: GapConfig;
  readonly #reporting: Reporting;
  readonly #listeners = new Set<GapListener>();
  readonly #fills = new Set<Promise<unknown>>();
  #filling: boolean;
  #primary: Database | undefined;
  #graceMs: number;
  #cautiousUntil = 0;

  constructor(config: GapConfig, reporting: Reporting) {
    this.config = config;
    this.#reporting = reporting;
    this.#filling = config.filling;
    this.#primary = config.primary;
    this.#graceMs = config.graceMs;
  }

  get filling(): boolean {
    return this.#filling;
  }

  /** The server that takes the writes, if it was declared. */
  get primary(): Database | undefined {
    return this.#primary;
  }

  get graceMs(): number {
    return performance.now() < this.#cautiousUntil ? this.#graceMs : this.config.graceMs;
  }

  /** Declares the primary and fills from now on. */
  fill(primary: Database): void {
    this.#primary = primary;
    this.#filling = true;
  }

  /** Plants nothing from now on; resolves when what is under way has ended. */
  async stopFilling(options: CallOptions): Promise<void> {
    this.#filling = false;
    await withTimeLimit(Promise.allSettled(this.#fills), { ...options, what: "the filling of gaps to end" });
  }

  /** Runs one fill, so that {@link stopFilling} can wait for it. */
  async track<R>(fill: Promise<R>): Promise<R> {
    this.#fills.add(fill);
    try {
      return await fill;
    } finally {
      this.#fills.delete(fill);
    }
  }

  /** A writer of this process met a noop where it was about to insert. */
  beMoreCareful(): void {
    this.#graceMs = Math.min(LONGEST_GRACE_MS, Math.max(1, this.graceMs) * 2);
    this.#cautiousUntil = performance.now() + CAUTION_MS;
  }

  listen(listener: GapListener): void {
    this.#listeners.add(listener);
  }

  stopListening(): void {
    this.#listeners.clear();
  }

  tell(table: string, gap: Gap): void {
    this.#reporting.tell("gap", { table, ...gap });
    for (const listener of this.#listeners) {
      try {
        listener(gap);
      } catch (error) {
        this.#reporting.error({ activity: "gap listener", name: table, error });
      }
    }
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
