import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import type { GapConfig } from "../events/gap-options.ts";
import type { TableContext } from "../events/table-context.ts";
import { PrimaryFinder } from "./primary-finder.ts";

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

/** Whether gaps are filled and where: what the options say, or what was last asked for by `fillGaps` or `stopFillingGaps`. */
interface FillOrder {
  readonly filling: boolean;
  readonly stopped: boolean;
  readonly primary: Database | undefined;
  /** The higher, the later; 0 for the options. */
  readonly number: number;
}

/** Who reads the table in which a gap is seen. */
export type GapContext = Pick<TableContext, "table" | "database" | "reporting">;

let orders = 0;

/** What is done about the gaps of one events table, or of one of its streams that has options of its own. */
export class GapControl {
  readonly config: GapConfig;
  readonly #reporting: Reporting;
  /** The table's control, if this is the control of one of its streams. */
  readonly #table: GapControl | undefined;
  readonly #listeners = new Set<GapListener>();
  readonly #fills = new Set<Promise<unknown>>();
  /** The controls of readers that streams of this table share with those of its equals. */
  readonly #shared = new Set<GapControl>();
  /** For each database, the ids before those gaps that were told of. */
  readonly #told = new WeakMap<object, Set<string>>();
  readonly #finder: PrimaryFinder | undefined;
  #order: FillOrder;
  #graceMs: number;
  #cautiousUntil = 0;

  constructor(config: GapConfig, reporting: Reporting, table?: GapControl) {
    this.config = config;
    this.#reporting = reporting;
    this.#table = table;
    const { filling, primary, candidates } = config;
    if (candidates !== undefined) this.#finder = new PrimaryFinder(candidates);
    this.#order = { filling, stopped: false, primary, number: 0 };
    this.#graceMs = config.graceMs;
  }

  /**
   * The control of a stream with options of its own. The table's control still decides when filling stops, tracks the
   * fills, knows the listeners, and doubles the grace.
   */
  ofStream(config: GapConfig): GapControl {
    return new GapControl(config, this.#reporting, this);
  }

  /** Which call of `fillGaps` or `stopFillingGaps` counts, of all in this process; 0 if there was none. */
  get orderNumber(): number {
    return this.#order.number;
  }

  /** What is asked of this control counts for `shared` too, until the function is called that it returns. */
  shareWith(shared: GapControl): () => void {
    this.#shared.add(shared);
    shared.#follow(this.#order);
    return () => this.#shared.delete(shared);
  }

  get filling(): boolean {
    return this.#order.filling && !(this.#table ?? this).#order.stopped;
  }

  /** The server that takes the writes, if it was declared, or was found among those that were. */
  get primary(): Database | undefined {
    return this.#order.primary ?? this.finder?.found ?? this.#table?.primary;
  }

  /** Finds the primary among several servers; undefined if one was declared, or none. */
  get finder(): PrimaryFinder | undefined {
    return this.#order.primary === undefined ? (this.#finder ?? this.#table?.finder) : undefined;
  }

  /** Whether a writer of this process has lost its id to a noop lately. */
  get isCautious(): boolean {
    return performance.now() < (this.#table ?? this).#cautiousUntil;
  }

  get graceMs(): number {
    const { config } = this;
    const table = this.#table ?? this;
    if (!this.isCautious) return config.graceMs;
    return Math.max(config.graceMs, table.#graceMs);
  }

  /** Declares the primary, and has gaps filled from now on. */
  fill(primary: Database): void {
    this.#follow({ filling: true, stopped: false, primary, number: ++orders });
  }

  /** Has no noop inserted from now on. Resolves when what is under way has ended. */
  async stopFilling(options: CallOptions): Promise<void> {
    const { primary } = this.#order;
    this.#follow({ filling: false, stopped: true, primary, number: ++orders });
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
    for (const shared of this.#shared) shared.doubleGrace();
  }

  listen(listener: GapListener): void {
    this.#listeners.add(listener);
  }

  stopListening(): void {
    this.#listeners.clear();
  }

  /** Tells of a gap that a stream sees, unless it was told of before. */
  tell(context: GapContext, gap: Gap): void {
    if (this.#table !== undefined) return this.#table.tell(context, gap);
    if (!this.isNew(gap, context.database)) return;
    context.reporting.tell("gap", { table: context.table, ...gap });
    this.#tellListeners(context.table, gap);
  }

  /** As {@link tell}, of a gap of which another has told the observers. */
  tellListeners({ table, database }: GapContext, gap: Gap): void {
    if (this.isNew(gap, database)) this.#tellListeners(table, gap);
  }

  /** Whether this gap of this database was not told of before. From now on it was. */
  protected isNew({ prev }: Gap, { identity }: Database): boolean {
    const told = this.#told.get(identity) ?? new Set();
    if (told.has(prev)) return false;
    this.#told.set(identity, told.add(prev));
    const [oldest] = told;
    if (told.size > MOST_REMEMBERED && oldest !== undefined) told.delete(oldest);
    return true;
  }

  #tellListeners(table: string, gap: Gap): void {
    for (const listener of this.#listeners) {
      try {
        listener(gap);
      } catch (error) {
        this.#reporting.error({ activity: "gap listener", name: table, error });
      }
    }
  }

  #follow(order: FillOrder): void {
    if (order.number <= this.#order.number) return;
    this.#order = order;
    for (const shared of this.#shared) shared.#follow(order);
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
