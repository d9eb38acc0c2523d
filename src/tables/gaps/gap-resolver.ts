import { isRetryable, tableError } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { StallReason, WaitCause } from "../../reflex/wait-cause.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import { type GapRange, missingIds } from "../position/missing-ids.ts";
import type { GapControl } from "./gap-control.ts";
import type { GraceTracker } from "./grace-tracker.ts";
import { noAnswer } from "./no-answer.ts";
import type { InsertedNoops, NoopInserter } from "./noop-inserter.ts";
import { unfillable } from "./noop-inserter.ts";
import type { ServerCheck } from "./noop-server.ts";
import type { Probe } from "./probe.ts";
import { isAnswered, type ProbeSet } from "./probe-set.ts";
import type { WriterOffsets } from "./writer-offsets.ts";

/** The servers that are asked about a gap, and the one on which noops close it. */
export interface GapServers {
  readonly probes: ProbeSet;
  readonly noopInserter: NoopInserter;
}

export interface GapResolverSource {
  readonly table: string;
  readonly gaps: GapControl;
  /** Called at every step, since fillGaps() may name other servers while a gap is open. */
  readonly servers: () => GapServers;
  /** What this reader has learned about missing ids. */
  readonly graces: GraceTracker;
  /** What the reader knows of how servers give ids. */
  readonly offsets: WriterOffsets;
  /** Why no noop can be made for this table; undefined if one can. */
  readonly noopProblem: string | undefined;
  /** Called when noops were committed. */
  readonly onInserted: () => void;
}

/** A gap as the last poll showed it. */
export interface SeenGap {
  readonly gap: GapRange;
  /** The row before the gap; undefined at the table's start or where it was pruned. */
  readonly anchor: ReflexEvent | undefined;
  /** The rows above the gap, ascending. */
  readonly beyond: readonly ReflexEvent[];
  /** When the poll was answered, as `performance.now()`. */
  readonly atMs: number;
  /** Finds out how old the row above the gap is by the server's clock, in ms. */
  readonly readAgeMs: () => Promise<number>;
}

/** What was done at a gap after PROBE, by its name in docs/state-machine.md. */
export type GapStep =
  /** FILL: noops were committed, so that the next poll can be made at once. */
  | { readonly kind: "fill" }
  | {
      /**
       * WAIT: the transaction of the first missing id was open. GRACE: ids have not been missing for long enough. HOLD: they
       * can't be closed now.
       */
      readonly kind: "wait" | "grace" | "hold";
      /** When to poll again, in ms; undefined if nothing tells when that makes sense. */
      readonly delayMs: number | undefined;
      readonly reason: StallReason;
      readonly message: string;
      /** Whether to probe again after that without a poll, which would most likely show the same: always, or unless woken. */
      readonly probeAgain?: "always" | "unless woken";
    };

/** What was found of a gap. */
interface Probed {
  readonly missing: readonly bigint[];
  /** The missing ids that have a row, and who has seen it. */
  readonly inFlight: ReadonlyMap<bigint, Probe>;
  /** How old the row above the gap is, in ms. */
  readonly ageMs: number;
  /** What was found of the server that takes the noops, if it was asked already. */
  readonly checked: () => Promise<ServerCheck> | undefined;
}

// A row above the gap that is so old was inserted by a statement whose other rows have long been inserted too.
const OLD_ROW_MS = 60_000;
const MOST_FRUITLESS_FILLS = 5;
const FILLING_OFF =
  "gap filling is off for this table, and ids of rolled-back transactions stay missing: call fillGaps(), or set the option gaps";
const MOVED: GapStep = {
  kind: "hold",
  delayMs: 0,
  reason: "unreachable",
  message: "the primary has moved while it was asked",
};
const LOCKED = "another transaction holds a lock where the noops that close the gap go: commit it or end it";

/** Brings one gap nearer to its end, a step at a time. It keeps what it has learned between the steps. */
export class GapResolver {
  readonly #source: GapResolverSource;
  #fruitless = 0;
  #lastInserted = -1n;
  #committed = -1n;

  constructor(source: GapResolverSource) {
    this.#source = source;
  }

  /** Takes one step: PROBE, then FILL, WAIT, GRACE or HOLD. Rejects with what no retry can mend. */
  async step(seen: SeenGap, signal: AbortSignal): Promise<GapStep> {
    const { gaps, noopProblem } = this.#source;
    this.#checkSize(seen.gap);
    if (!gaps.filling) return hold("filling_off", FILLING_OFF);
    if (noopProblem !== undefined) return hold("unfillable", noopProblem);
    const { finder } = gaps;
    if (finder === undefined) return this.#stepOn(seen, signal);
    const missing = await finder.seek();
    if (missing !== undefined) return holdFor(missing);
    return finder.unlessMoved(this.#stepOn(seen, signal), MOVED);
  }

  async #stepOn(seen: SeenGap, signal: AbortSignal): Promise<GapStep> {
    // The connection for noops is taken while the probe runs, so that their insert need not wait for it.
    this.#source.servers().noopInserter.warmUp();
    const missing = missingIds(
      seen.gap.prev,
      seen.beyond.map(({ id }) => BigInt(id)),
    );
    const ahead = this.#checkAhead(seen, missing);
    try {
      const [inFlight, ageMs] = await Promise.all([this.#probe(missing), seen.readAgeMs()]);
      if (!(inFlight instanceof Map)) return holdFor(inFlight);
      return await this.#decide(seen, { missing, inFlight, ageMs, checked: ahead.checked }, signal);
    } finally {
      ahead.stop();
    }
  }

  async #decide(seen: SeenGap, found: Probed, signal: AbortSignal): Promise<GapStep> {
    const { missing, inFlight, ageMs } = found;
    const graceMs = ageMs > OLD_ROW_MS ? 0 : this.#source.gaps.graceMs;
    const clock = { now: performance.now(), graceMs, givenByNobody: this.#givenByNobody };
    const fillable = this.#source.graces.fillableIds(missing, new Set(inFlight.keys()), clock);
    if (fillable.ids.length > 0) return this.#insertNoops(seen, fillable.ids, found);
    const first = missing[0] ?? 0n;
    const holder = inFlight.get(first);
    if (holder !== undefined) return this.#waitFor(first, holder, signal);
    const message = "they have not been missing for long enough";
    const delayMs = fillable.nextInMs;
    return { kind: "grace", delayMs, reason: "missing_ids", message, probeAgain: "unless woken" };
  }

  /**
   * Has the server checked that takes the noops, so that their insert need not wait for it: beside the probe, as soon as the
   * grace of the first ids is over. Where the probe is answered sooner, the check is not made.
   */
  #checkAhead(
    seen: SeenGap,
    missing: readonly bigint[],
  ): { checked: () => Promise<ServerCheck> | undefined; stop: () => void } {
    const { graces, gaps, servers } = this.#source;
    const clock = { now: seen.atMs, graceMs: gaps.graceMs, givenByNobody: this.#givenByNobody };
    const { ids, nextInMs = 0 } = graces.fillableIds(missing, new Set(), clock);
    let checked: Promise<ServerCheck> | undefined;
    const check = (): void => {
      checked = servers().noopInserter.check(rowsAround(seen, missing));
      // It may not be needed.
      checked.catch(() => undefined);
    };
    const remainingMs = ids.length > 0 ? 0 : nextInMs - (performance.now() - seen.atMs);
    if (remainingMs <= 0) check();
    const stop = remainingMs <= 0 ? (): void => undefined : startTimer(remainingMs, check);
    return { checked: () => checked, stop };
  }

  /**
   * Asks the servers for the missing ids. Resolves with those that have a row somewhere, and with the server that has
   * it; or with why that is not known.
   */
  async #probe(missing: readonly bigint[]): Promise<Map<bigint, Probe> | WaitCause> {
    const first = missing[0] ?? 0n;
    const last = missing.at(-1) ?? 0n;
    try {
      const answers = await this.#source.servers().probes.ask((probe) => probe.visible(first, last));
      if (!isAnswered(answers)) return answers;
      this.#source.offsets.learn(answers.map(({ value }) => value.giving));
      const wanted = new Set(missing);
      const inFlight = new Map<bigint, Probe>();
      for (const { probe, value } of answers) for (const id of value.ids) if (wanted.has(id)) inFlight.set(id, probe);
      return inFlight;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** After a writer lost its id to a noop, every id has its grace for a while, which is doubled then. */
  get #givenByNobody(): ((id: bigint) => boolean) | undefined {
    const { gaps, offsets } = this.#source;
    if (!offsets.active || gaps.isCautious) return undefined;
    return (id) => offsets.givenByNobody(id);
  }

  async #insertNoops(seen: SeenGap, ids: readonly bigint[], { missing, checked }: Probed): Promise<GapStep> {
    const { gaps, servers, table } = this.#source;
    // The filling may have been turned off while the probe ran.
    if (!gaps.filling) return hold("filling_off", FILLING_OFF);
    let inserted: InsertedNoops;
    try {
      // The row above all missing ids is above these too.
      const around = rowsAround(seen, missing);
      inserted = await gaps.track(servers().noopInserter.insertNoops(ids, around, checked()));
    } catch (error) {
      if (!isRetryable(error)) throw this.#explained(error);
      return holdFor(noAnswer(error));
    }
    if (inserted.kind === "held") return hold(inserted.reason, inserted.message);
    // The next poll is made at once, since the lock may be gone already. The stall is told all the same, since a lock
    // on the gap can last.
    if (inserted.kind === "collided") return { kind: "hold", delayMs: 0, reason: "in_flight", message: LOCKED };
    this.#source.onInserted();
    this.#countFruitless(ids, inserted.warnings, table);
    return { kind: "fill" };
  }

  /**
   * Counts how often the same first id was inserted without a row that shows. A key, constraint or trigger keeps the
   * noop out then.
   */
  #countFruitless(ids: readonly bigint[], warnings: string, table: string): void {
    const first = ids[0] ?? 0n;
    this.#fruitless = first === this.#lastInserted ? this.#fruitless + 1 : 1;
    this.#lastInserted = first;
    if (this.#fruitless >= MOST_FRUITLESS_FILLS)
      throw unfillable(table, warnings === "" ? `row ${first} does not appear` : warnings);
  }

  async #waitFor(id: bigint, holder: Probe, signal: AbortSignal): Promise<GapStep> {
    const message = `a transaction that inserted row ${id} is still open: commit it or end it`;
    try {
      const outcome = await withTimeLimit(holder.waitFor(id), { signal, what: "a transaction to end" });
      // A row that is committed on that server, and twice not found by the reader, is on its way to the server that
      // streams read from.
      const lags = outcome === "committed" && this.#committed === id;
      this.#committed = outcome === "committed" ? id : -1n;
      if (lags) return hold("lagging", `the server that streams read from has not got row ${id} yet`);
      const step = { kind: "wait", reason: "in_flight", message } as const;
      if (outcome === "rolled_back") return { ...step, delayMs: 0, probeAgain: "always" };
      return { ...step, delayMs: outcome === "not_waited" ? undefined : 0 };
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isRetryable(error)) throw this.#explained(error);
      return holdFor(noAnswer(error));
    }
  }

  /** The error of the server that was asked. It may be another server than the one that streams read from. */
  #explained(error: unknown): unknown {
    return tableError(error, { table: this.#source.table, activity: "close a gap in" });
  }

  #checkSize(gap: GapRange): void {
    const { maxIds } = this.#source.gaps.config;
    const size = gap.next - gap.prev - 1n;
    if (size <= BigInt(maxIds)) return;
    throw new ReflexError(
      "gap_too_large",
      `${size} ids are missing in ${this.#source.table} between ${gap.prev} and ${gap.next}, more than gaps.maxIds (${maxIds}): find out what jumped, then raise maxIds; or, once no transaction on the table is open, insert a row of type 0 and foreign id 0 with id ${gap.next - 1n} and set the consumer's cursor to ${gap.next - 1n}`,
      { details: { table: this.#source.table, prev: String(gap.prev), next: String(gap.next) } },
    );
  }
}

/** The rows around the noops that are inserted, as the reader has them. */
function rowsAround({ gap, anchor, beyond }: SeenGap, ids: readonly bigint[]): ReflexEvent[] {
  const last = ids.at(-1) ?? gap.prev;
  const above = beyond.find(({ id }) => BigInt(id) > last);
  return [anchor, beyond[0], above].filter(
    (event, index, all) => event !== undefined && all.indexOf(event) === index,
  ) as ReflexEvent[];
}

function holdFor({ reason, message }: WaitCause): GapStep {
  return hold(reason, message);
}

function hold(reason: StallReason, message: string): GapStep {
  return { kind: "hold", delayMs: undefined, reason, message };
}
