import type { ReflexEvent } from "../../reflex/event.ts";
import type { StallReason } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { HoleResolver, Step } from "../gaps/gap-resolver.ts";
import type { Advanced } from "../pages/batch.ts";
import type { ReadPage } from "../pages/read-page.ts";
import { wholePage } from "../pages/gapless-page.ts";
import type { Hole } from "../position/contiguous.ts";
import { LastSight } from "../position/last-poll-memory.ts";
import { judge, judgeWithoutAnchor, type Position, positionFault, type Verdict } from "../position/position.ts";
import { DoubtWatch } from "./fault-confirmation.ts";
import type { ReaderParts } from "./reader-context.ts";
import { retried } from "./retried.ts";
import { StallWatch } from "./stall-watch.ts";

// At a hole: what fills it may commit at any moment, and moves no maximum.
const SHORTEST_HOLE_WAIT_MS = 5;
const LONGEST_HOLE_WAIT_MS = 250;

/** What a poll found: events that need no judgement, or what to make of it. */
type Polled =
  | { readonly epoch: number; readonly whole: Advanced }
  | { readonly epoch: number; readonly whole?: undefined; readonly verdict: Verdict };

/** Brings all streams at one position forward: polls, waits at the head, resolves the hole, until there are events. */
export class Advance {
  readonly position: Position;
  readonly #parts: ReaderParts;
  readonly #signal: AbortSignal;
  readonly #stall: StallWatch;
  readonly #doubt: DoubtWatch;
  #resolver: HoleResolver | undefined;
  #holeSince: { readonly ageMs: number; readonly at: number } | undefined;
  #beyond: readonly ReflexEvent[] = [];
  readonly #lastSight = new LastSight();
  #blockedBy: { readonly reason: StallReason; readonly message: string } | undefined;
  #holeWaitMs = SHORTEST_HOLE_WAIT_MS;
  #epoch = 0;
  /** The highest id that was committed before the last load. */
  #committed = 0n;

  constructor(parts: ReaderParts, position: Position, signal: AbortSignal) {
    this.#parts = parts;
    this.position = position;
    this.#signal = signal;
    this.#stall = new StallWatch(parts.table, parts.reporting);
    this.#doubt = new DoubtWatch(parts);
  }

  async run(): Promise<Advanced> {
    const { pageSize, wake } = this.#parts;
    const limit = pageSize.rows;
    let pageLimit = limit;
    for (;;) {
      const seen = wake.count;
      const polled = await this.#retried(() => this.#poll(pageLimit));
      this.#enter(polled.epoch);
      if (polled.whole !== undefined) return this.#advanced(polled.whole);
      const { verdict, epoch } = polled;
      if (verdict.kind !== "doubt") this.#doubt.clear();
      if (verdict.kind === "rows") {
        const most = pageSize.after(this.position.id);
        const events = verdict.events.length > most ? verdict.events.slice(0, most) : verdict.events;
        return this.#advanced({ events, last: events.at(-1), epoch, full: events.length >= most });
      }
      const again = await this.#retried(() => this.#handle(verdict, seen));
      // While nothing changes at a hole only the row that closes it matters; the rest is remembered.
      pageLimit = again === "whole page" ? limit : 1;
    }
  }

  #advanced(advanced: Advanced): Advanced {
    this.#stall.advanced();
    return advanced;
  }

  /** What was learned on another connection may no longer hold. */
  #enter(epoch: number): void {
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#resolver = undefined;
    this.#beyond = [];
  }

  async #poll(limit: number): Promise<Polled> {
    const { pages, early, loads, database, pageSize } = this.#parts;
    // One more than asked for: the anchor.
    const page: ReadPage = await loads.run(this.position.id, () =>
      this.#unlessEnded(early.read(this.position.id, limit + 1, this.#signal)),
    );
    pageSize.learn(page);
    const whole = limit === pageSize.after(this.position.id) ? wholePage(this.position, page, limit) : undefined;
    if (whole !== undefined) return { whole, epoch: page.epoch };
    const events = page.takeEvents();
    const verdict = judge(this.position, events, database.dialect.holesCanClose);
    if (verdict.kind !== "no_anchor") return { verdict: this.#lastSight.of(verdict), epoch: page.epoch };
    const edges = await this.#unlessEnded(pages.readEdges());
    const judged = judgeWithoutAnchor(this.position, events, edges);
    return { verdict: this.#lastSight.judge(judged, this.position.id, events), epoch: page.epoch };
  }

  async #handle(verdict: Exclude<Verdict, { kind: "rows" }>, seen: number): Promise<"whole page" | "next row"> {
    switch (verdict.kind) {
      case "hole":
        return this.#atHole(verdict, seen);
      case "doubt":
        await this.#inDoubt(verdict);
        return "whole page";
      case "head":
      case "no_anchor":
        await this.#atHead(seen);
        return "whole page";
    }
  }

  async #atHead(seen: number): Promise<void> {
    const { wake, head, config } = this.#parts;
    if (config.loader === undefined) this.#stall.advanced();
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
    this.#committed = await this.#unlessEnded(this.#parts.pages.readHead());
    if (committed > id) this.#stall.notLoaded(id, committed);
    else this.#stall.advanced();
  }

  async #atHole(verdict: Extract<Verdict, { kind: "hole" }>, seen: number): Promise<"whole page" | "next row"> {
    const { hole, beyond } = verdict;
    if (this.#resolver === undefined || beyond.length >= this.#beyond.length) this.#beyond = beyond;
    this.#resolver ??= this.#parts.makeResolver();
    const ageMs = await this.#age(beyond[0]);
    this.#parts.tellGap(hole);
    const anchor = verdict.anchored ? this.position.anchor : undefined;
    const seenHole = { hole, anchor, beyond: this.#beyond, ageMs };
    const step = await this.#toldIfSlow(hole, this.#resolver.step(seenHole, this.#signal));
    if (step.kind === "poll") {
      this.#tellOfAll();
      return "whole page";
    }
    this.#stall.blocked(hole, step);
    if (step.reason !== "missing_ids") this.#blockedBy = step;
    if (step.delayMs === 0) return "next row";
    await this.#pauseAtHole(step.delayMs ?? this.#backOff(), seen);
    return "next row";
  }

  /** A step that waits long for a connection or an answer can't say so itself. */
  async #toldIfSlow(hole: Hole, step: Promise<Step>): Promise<Step> {
    const { gaps, database } = this.#parts;
    const { poolSize } = gaps.primary ?? database;
    const pool = poolSize === undefined ? "its pool" : `its pool (of ${poolSize})`;
    const message = `the server that takes writes does not answer, or ${pool} has no connection free: a hole takes up to two besides the one that reads`;
    // A step may be in the middle of waiting for what the last one waited for.
    const tell = (): void => this.#stall.blocked(hole, this.#blockedBy ?? { reason: "unreachable", message });
    const cancel = startTimer(this.#stall.arrived(hole), tell, { keepAlive: false });
    try {
      return await this.#unlessEnded(step);
    } finally {
      cancel();
    }
  }

  /** Noops were planted in the holes above as well, at which no stream will stand. */
  #tellOfAll(): void {
    const ids = this.#beyond.map(({ id }) => BigInt(id));
    for (const [index, next] of ids.entries()) {
      const prev = ids[index - 1] ?? next - 1n;
      if (next > prev + 1n) this.#parts.tellGap({ prev, next });
    }
  }

  /** Inserts above the hole wake too, perhaps all the time; they tell nothing of it. */
  async #pauseAtHole(delayMs: number, seen: number): Promise<void> {
    await sleep(Math.min(delayMs, SHORTEST_HOLE_WAIT_MS), { signal: this.#signal });
    if (delayMs > SHORTEST_HOLE_WAIT_MS) {
      await this.#parts.wake.beyond(seen, delayMs - SHORTEST_HOLE_WAIT_MS, this.#signal);
    }
  }

  async #inDoubt({ code, firstId }: Extract<Verdict, { kind: "doubt" }>): Promise<void> {
    const state = await this.#unlessEnded(this.#doubt.consider(code, this.position));
    if (state === "confirmed" && !(await this.#isOpenBelow(firstId))) {
      this.#parts.onFault();
      throw positionFault(code, { table: this.#parts.table, position: this.position, firstId });
    }
    if (state === "lagging") this.#stall.lagging(this.position.id);
    await sleep(this.#backOff(), { signal: this.#signal });
  }

  /** Whether a transaction holds one of the rows that seem pruned, and says so: it may commit yet. */
  async #isOpenBelow(firstId: bigint | undefined): Promise<boolean> {
    if (firstId === undefined) return false;
    const hole = { prev: this.position.id, next: firstId };
    const below = await this.#unlessEnded(this.#parts.belowOpenRows(firstId - 1n));
    if (below === firstId - 1n) return false;
    const message = `a transaction that inserted row ${below + 1n} is still open: commit it or end it`;
    this.#stall.blocked(hole, { reason: "in_flight", message });
    return true;
  }

  #backOff(): number {
    const waitMs = this.#holeWaitMs;
    this.#holeWaitMs = Math.min(waitMs * 2, LONGEST_HOLE_WAIT_MS);
    return waitMs;
  }

  /** How old the row above the hole is, by the server's clock; asked once, then counted on. */
  async #age(above: ReflexEvent | undefined): Promise<number> {
    if (this.#holeSince === undefined) {
      const clock = await this.#unlessEnded(this.#parts.pages.readClockMicros());
      const ageMs = (clock - (above?.timestampMicros ?? clock)) / 1000;
      this.#holeSince = { ageMs, at: performance.now() };
    }
    return this.#holeSince.ageMs + performance.now() - this.#holeSince.at;
  }

  /** For as long as some stream waits. */
  #retried<R>(work: () => Promise<R>): Promise<R> {
    const { reporting, table } = this.#parts;
    return retried(work, { signal: this.#signal, reporting, table });
  }

  /** Reads go on when their stream has ended: other streams use the same connection. */
  #unlessEnded<R>(work: Promise<R>): Promise<R> {
    return withTimeLimit(work, { signal: this.#signal, what: "a read" });
  }
}
