import type { ReflexEvent } from "../../reflex/event.ts";
import type { StallReason } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { GapResolver, Step } from "../gaps/gap-resolver.ts";
import type { Batch } from "../pages/batch.ts";
import { gaplessPage } from "../pages/gapless-page.ts";
import type { ReadPage } from "../pages/read-page.ts";
import type { GapRange } from "../position/contiguous.ts";
import { LastPollMemory } from "../position/last-poll-memory.ts";
import { judge, judgeWithoutAnchor, type Position, positionFault, type Verdict } from "../position/position.ts";
import { FaultConfirmation } from "./fault-confirmation.ts";
import type { ReaderContext } from "./reader-context.ts";
import { retried } from "./retried.ts";
import { StallWatch } from "./stall-watch.ts";

// At a gap: what fills it may commit at any moment, and moves no maximum.
const SHORTEST_GAP_WAIT_MS = 5;
const LONGEST_GAP_WAIT_MS = 250;

/** What a poll found: events that need no judgement, or what to make of it. */
type Polled =
  | { readonly epoch: number; readonly gapless: Batch }
  | { readonly epoch: number; readonly gapless?: undefined; readonly verdict: Verdict };

/** Brings all streams at one position forward: polls, waits at the head, resolves the gap, until there are events. */
export class PositionReader {
  readonly position: Position;
  readonly #context: ReaderContext;
  readonly #signal: AbortSignal;
  readonly #stall: StallWatch;
  readonly #confirmation: FaultConfirmation;
  #resolver: GapResolver | undefined;
  #gapSince: { readonly ageMs: number; readonly at: number } | undefined;
  #beyond: readonly ReflexEvent[] = [];
  readonly #lastPoll = new LastPollMemory();
  #blockedBy: { readonly reason: StallReason; readonly message: string } | undefined;
  #gapWaitMs = SHORTEST_GAP_WAIT_MS;
  #epoch = 0;
  /** The highest id that was committed before the last load. */
  #committed = 0n;

  constructor(context: ReaderContext, position: Position, signal: AbortSignal) {
    this.#context = context;
    this.position = position;
    this.#signal = signal;
    this.#stall = new StallWatch(context.table, context.reporting);
    this.#confirmation = new FaultConfirmation(context);
  }

  async run(): Promise<Batch> {
    const { pageSize, wake } = this.#context;
    const limit = pageSize.rows;
    let pageLimit = limit;
    for (;;) {
      const seen = wake.count;
      const polled = await this.#retried(() => this.#poll(pageLimit));
      this.#enter(polled.epoch);
      if (polled.gapless !== undefined) return this.#found(polled.gapless);
      const { verdict, epoch } = polled;
      if (verdict.kind !== "suspected_fault") this.#confirmation.clear();
      if (verdict.kind === "rows") {
        const most = pageSize.after(this.position.id);
        const events = verdict.events.length > most ? verdict.events.slice(0, most) : verdict.events;
        return this.#found({ events, last: events.at(-1), epoch, full: events.length >= most });
      }
      const again = await this.#retried(() => this.#handle(verdict, seen));
      // While nothing changes at a gap only the row that closes it matters; the rest is remembered.
      pageLimit = again === "full page" ? limit : 1;
    }
  }

  #found(batch: Batch): Batch {
    this.#stall.resolved();
    return batch;
  }

  /** What was learned on another connection may no longer hold. */
  #enter(epoch: number): void {
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#resolver = undefined;
    this.#beyond = [];
  }

  async #poll(limit: number): Promise<Polled> {
    const { pages, readAhead, loads, database, pageSize } = this.#context;
    // One more than asked for: the anchor.
    const page: ReadPage = await loads.run(this.position.id, () =>
      this.#unlessEnded(readAhead.read(this.position.id, limit + 1, this.#signal)),
    );
    pageSize.learn(page);
    const gapless = limit === pageSize.after(this.position.id) ? gaplessPage(this.position, page, limit) : undefined;
    if (gapless !== undefined) return { gapless, epoch: page.epoch };
    const events = page.takeEvents();
    const verdict = judge(this.position, events, database.dialect.gapsCanClose);
    if (verdict.kind !== "no_anchor") return { verdict: this.#lastPoll.of(verdict), epoch: page.epoch };
    const edges = await this.#unlessEnded(pages.readEdges());
    const judged = judgeWithoutAnchor(this.position, events, edges);
    return { verdict: this.#lastPoll.judge(judged, this.position.id, events), epoch: page.epoch };
  }

  async #handle(verdict: Exclude<Verdict, { kind: "rows" }>, seen: number): Promise<"full page" | "next row"> {
    switch (verdict.kind) {
      case "gap":
        return this.#atGap(verdict, seen);
      case "suspected_fault":
        await this.#atSuspectedFault(verdict);
        return "full page";
      case "head":
      case "no_anchor":
        await this.#atHead(seen);
        return "full page";
    }
  }

  async #atHead(seen: number): Promise<void> {
    const { wake, head, config } = this.#context;
    if (config.loader === undefined) this.#stall.resolved();
    else await this.#checkLoader();
    const stopWatching = head.watch(this.position.id);
    try {
      await wake.beyond(seen, config.backoffMs, this.#signal);
    } finally {
      stopWatching();
    }
  }

  /** A loader that leaves out rows would let the stream wait at what it takes for the head, in silence. */
  async #checkLoader(): Promise<void> {
    const { id } = this.position;
    const committed = this.#committed;
    this.#committed = await this.#unlessEnded(this.#context.pages.readHead());
    if (committed > id) this.#stall.notLoaded(id, committed);
    else this.#stall.resolved();
  }

  async #atGap(verdict: Extract<Verdict, { kind: "gap" }>, seen: number): Promise<"full page" | "next row"> {
    const { gap, beyond } = verdict;
    if (this.#resolver === undefined || beyond.length >= this.#beyond.length) this.#beyond = beyond;
    this.#resolver ??= this.#context.makeResolver();
    const ageMs = await this.#age(beyond[0]);
    this.#context.tellGap(gap);
    const anchor = verdict.anchored ? this.position.anchor : undefined;
    const seenGap = { gap, anchor, beyond: this.#beyond, ageMs };
    const step = await this.#toldIfSlow(gap, this.#resolver.step(seenGap, this.#signal));
    if (step.kind === "poll") {
      this.#tellOfAll();
      return "full page";
    }
    this.#stall.blocked(gap, step);
    if (step.reason !== "missing_ids") this.#blockedBy = step;
    if (step.delayMs === 0) return "next row";
    await this.#pauseAtGap(step.delayMs ?? this.#backOff(), seen);
    return "next row";
  }

  /** A step that waits long for a connection or an answer can't say so itself. */
  async #toldIfSlow(gap: GapRange, step: Promise<Step>): Promise<Step> {
    const { gaps, database } = this.#context;
    const { poolSize } = gaps.primary ?? database;
    const pool = poolSize === undefined ? "its pool" : `its pool (of ${poolSize})`;
    const message = `the server that takes writes does not answer, or ${pool} has no connection free: a gap takes up to two besides the one that reads`;
    // A step may be in the middle of waiting for what the last one waited for.
    const tell = (): void => this.#stall.blocked(gap, this.#blockedBy ?? { reason: "unreachable", message });
    const cancel = startTimer(this.#stall.arrived(gap), tell, { keepAlive: false });
    try {
      return await this.#unlessEnded(step);
    } finally {
      cancel();
    }
  }

  /** Noops were inserted in the gaps above as well, at which no stream will stand. */
  #tellOfAll(): void {
    const ids = this.#beyond.map(({ id }) => BigInt(id));
    for (const [index, next] of ids.entries()) {
      const prev = ids[index - 1] ?? next - 1n;
      if (next > prev + 1n) this.#context.tellGap({ prev, next });
    }
  }

  /** Inserts above the gap wake too, perhaps all the time; they tell nothing of it. */
  async #pauseAtGap(delayMs: number, seen: number): Promise<void> {
    await sleep(Math.min(delayMs, SHORTEST_GAP_WAIT_MS), { signal: this.#signal });
    if (delayMs > SHORTEST_GAP_WAIT_MS) {
      await this.#context.wake.beyond(seen, delayMs - SHORTEST_GAP_WAIT_MS, this.#signal);
    }
  }

  async #atSuspectedFault({ code, firstId }: Extract<Verdict, { kind: "suspected_fault" }>): Promise<void> {
    const state = await this.#unlessEnded(this.#confirmation.consider(code, this.position));
    if (state === "confirmed" && !(await this.#isOpenBelow(firstId))) {
      this.#context.onFault();
      throw positionFault(code, { table: this.#context.table, position: this.position, firstId });
    }
    if (state === "lagging") this.#stall.lagging(this.position.id);
    await sleep(this.#backOff(), { signal: this.#signal });
  }

  /** Whether a transaction holds one of the rows that seem pruned, and says so: it may commit yet. */
  async #isOpenBelow(firstId: bigint | undefined): Promise<boolean> {
    if (firstId === undefined) return false;
    const gap = { prev: this.position.id, next: firstId };
    const below = await this.#unlessEnded(this.#context.belowOpenRows(firstId - 1n));
    if (below === firstId - 1n) return false;
    const message = `a transaction that inserted row ${below + 1n} is still open: commit it or end it`;
    this.#stall.blocked(gap, { reason: "in_flight", message });
    return true;
  }

  #backOff(): number {
    const waitMs = this.#gapWaitMs;
    this.#gapWaitMs = Math.min(waitMs * 2, LONGEST_GAP_WAIT_MS);
    return waitMs;
  }

  /** How old the row above the gap is, by the server's clock; asked once, then counted on. */
  async #age(above: ReflexEvent | undefined): Promise<number> {
    if (this.#gapSince === undefined) {
      const clock = await this.#unlessEnded(this.#context.pages.readClockMicros());
      const ageMs = (clock - (above?.timestampMicros ?? clock)) / 1000;
      this.#gapSince = { ageMs, at: performance.now() };
    }
    return this.#gapSince.ageMs + performance.now() - this.#gapSince.at;
  }

  /** For as long as some stream waits. */
  #retried<R>(work: () => Promise<R>): Promise<R> {
    const { reporting, table } = this.#context;
    return retried(work, { signal: this.#signal, reporting, table });
  }

  /** Reads go on when their stream has ended: other streams use the same connection. */
  #unlessEnded<R>(work: Promise<R>): Promise<R> {
    return withTimeLimit(work, { signal: this.#signal, what: "a read" });
  }
}
