import { slowCalls } from "../../database/sessions/slow-calls.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import type { Batch } from "../pages/batch.ts";
import { gaplessPage } from "../pages/batch.ts";
import { judgePoll, type Verdict } from "../position/judge-poll.ts";
import { LastPollMemory } from "../position/last-poll-memory.ts";
import type { Position } from "../position/position.ts";
import { GapWait } from "./gap-wait.ts";
import type { ReaderContext } from "./reader-context.ts";
import { retried, unlessEnded } from "./reads.ts";
import { StallWatch } from "./stall-watch.ts";
import { SuspectedFaults } from "./suspected-faults.ts";

/** What a poll found: events that need no judgement, or what to make of it. */
type Polled =
  | { readonly epoch: number; readonly gapless: Batch }
  | { readonly epoch: number; readonly gapless?: undefined; readonly verdict: Verdict };

/** Brings all streams at one position forward: it polls, and waits at the head or at a gap, until there are events. */
export class PositionReader {
  readonly position: Position;
  readonly #context: ReaderContext;
  readonly #signal: AbortSignal;
  readonly #stall: StallWatch;
  readonly #gap: GapWait;
  readonly #faults: SuspectedFaults;
  readonly #lastPoll = new LastPollMemory();
  #epoch = 0;
  /** The highest id that was committed before the last call of the loader. */
  #committed = 0n;

  constructor(context: ReaderContext, position: Position, signal: AbortSignal) {
    this.#context = context;
    this.position = position;
    this.#signal = signal;
    const { table, reporting, database } = context;
    this.#stall = new StallWatch({ table, reporting, prev: position.id, note: () => slowCalls(database).note() });
    this.#gap = new GapWait(context, this.#stall, signal);
    this.#faults = new SuspectedFaults(context, this.#stall, signal);
  }

  /** On what it is known to wait; undefined if it does not, or not for long. */
  get stalledOn(): WaitCause | undefined {
    return this.#stall.stalledOn;
  }

  async run(): Promise<Batch> {
    try {
      return await this.#toEvents();
    } finally {
      this.#stall.stop();
    }
  }

  async #toEvents(): Promise<Batch> {
    const { pageSize, wakeUps } = this.#context;
    const limit = pageSize.rows;
    let pageLimit = limit;
    for (;;) {
      const seen = wakeUps.count;
      const polled = await this.#retried(() =>
        this.#stall.during(this.#poll(pageLimit), () => this.#context.pages.whySlow()),
      );
      this.#enter(polled.epoch);
      if (polled.gapless !== undefined) return this.#found(polled.gapless);
      const { verdict, epoch } = polled;
      if (verdict.kind !== "suspected_fault") this.#faults.clear();
      if (verdict.kind === "rows") {
        const most = pageSize.after(this.position.id);
        const events = verdict.events.length > most ? verdict.events.slice(0, most) : verdict.events;
        return this.#found({ events, last: events.at(-1), epoch, full: events.length >= most });
      }
      const next = await this.#retried(() => this.#waitAt(verdict, seen));
      // While nothing changes at a gap only the row that closes it matters; the rows above it are remembered.
      pageLimit = next === "full page" ? limit : 1;
    }
  }

  #found(batch: Batch): Batch {
    this.#stall.resolved();
    return batch;
  }

  /** Notes the epoch of the last poll. */
  #enter(epoch: number): void {
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#gap.forget();
  }

  /** POLL: reads the row at the position and what follows it. */
  async #poll(limit: number): Promise<Polled> {
    const { pages, readAhead, loads, database, pageSize } = this.#context;
    const { id } = this.position;
    // One row more than is asked for: the anchor.
    const page = await loads.run(id, () => unlessEnded(readAhead.read(id, limit + 1, this.#signal), this.#signal));
    pageSize.learn(page);
    const gapless = limit === pageSize.after(id) ? gaplessPage(this.position, page, limit) : undefined;
    if (gapless !== undefined) return { gapless, epoch: page.epoch };
    const events = page.takeEvents();
    const verdict = await judgePoll(this.position, events, {
      gapsCanClose: database.dialect.gapsCanClose,
      readEdges: () => unlessEnded(pages.readEdges(), this.#signal),
    });
    return { verdict: this.#lastPoll.refine(verdict, id, events), epoch: page.epoch };
  }

  async #waitAt(verdict: Exclude<Verdict, { kind: "rows" }>, seen: number): Promise<"full page" | "next row"> {
    switch (verdict.kind) {
      case "gap":
        return this.#gap.step(verdict, this.position, seen);
      case "suspected_fault":
        await this.#faults.consider(verdict, this.position);
        return "full page";
      case "head":
        await this.#waitAtHead(seen);
        return "full page";
    }
  }

  /** AT HEAD: waits until there may be a row beyond the position. */
  async #waitAtHead(seen: number): Promise<void> {
    const { wakeUps, pace, config } = this.#context;
    if (config.loader === undefined) this.#stall.resolved();
    else await this.#checkLoader();
    pace.atHead();
    await wakeUps.beyondHead(this.position.id, seen, this.#signal);
    const restMs = pace.woken();
    if (restMs > 0) await pace.rest(restMs, this.#signal);
  }

  /** A loader that leaves out rows would let the stream wait at what it takes for the head, in silence. */
  async #checkLoader(): Promise<void> {
    const { id } = this.position;
    const committed = this.#committed;
    const { pages } = this.#context;
    const reading = unlessEnded(pages.readHead(), this.#signal);
    this.#committed = await this.#stall.during(reading, () => pages.whySlow());
    if (committed > id) this.#stall.notLoaded(committed);
    else this.#stall.resolved();
  }

  /** Tries again after errors that pass, for as long as some stream waits. */
  #retried<R>(work: () => Promise<R>): Promise<R> {
    const { reporting, table } = this.#context;
    return retried(work, { signal: this.#signal, reporting, table, stall: this.#stall });
  }
}
