import { slowCalls } from "../../database/sessions/slow-calls.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { withoutValues } from "../events/event-row.ts";
import { type Batch, EventBatch, gaplessPage, type UnreadRest } from "../pages/batch.ts";
import { eventMemory } from "../pages/event-memory.ts";
import {
  completed,
  isPartial,
  type PartialRun,
  type PlannedPiece,
  planFewest,
  planPiece,
} from "../pages/long-values.ts";
import type { PageLimit } from "../pages/page-reader.ts";
import type { ReadPage } from "../pages/read-page.ts";
import { judgePoll, type Verdict } from "../position/judge-poll.ts";
import { LastPollMemory } from "../position/last-poll-memory.ts";
import { isSameRow, type Position } from "../position/position.ts";
import { GapWait } from "./gap-wait.ts";
import type { MemoryWait } from "./memory-wait.ts";
import type { ReaderContext } from "./reader-context.ts";
import { retried, unlessEnded } from "./reads.ts";
import { StallWatch } from "./stall-watch.ts";
import { SuspectedFaults } from "./suspected-faults.ts";

// How often long values are read apart from their page at one position, before they are read with it.
const MOST_VOID_PIECES = 2;

/** What a poll found: events that need no judgement, or what to make of it. */
type Polled =
  | { readonly epoch: number; readonly gapless: Batch }
  | {
      readonly epoch: number;
      readonly gapless?: undefined;
      readonly verdict: Verdict;
      /** How many rows the page was asked for beyond the position. */
      readonly rows: number;
    };

/** Where streams are, and what one of them has waited for memory before. */
export interface PositionReaderPlace {
  readonly position: Position;
  readonly memory: MemoryWait;
}

/** Brings all streams at one position forward: it polls, and waits at the head or at a gap, until there are events. */
export class PositionReader {
  readonly position: Position;
  readonly #context: ReaderContext;
  readonly #memory: MemoryWait;
  readonly #signal: AbortSignal;
  readonly #stall: StallWatch;
  readonly #gap: GapWait;
  readonly #faults: SuspectedFaults;
  readonly #lastPoll = new LastPollMemory();
  #epoch = 0;
  /** How many pieces of long values came to nothing here. */
  #voidPieces = 0;
  /** The highest id that was committed before the last call of the loader. */
  #committed = 0n;

  constructor(context: ReaderContext, { position, memory }: PositionReaderPlace, signal: AbortSignal) {
    this.#memory = memory;
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
    return this.#memory.waitsFor ?? this.#stall.stalledOn;
  }

  /** `rest` is what was read before of what follows the position. */
  async run(rest?: UnreadRest): Promise<Batch> {
    try {
      return (await this.#ofRest(rest)) ?? (await this.#toEvents());
    } finally {
      this.#stall.stop();
    }
  }

  async #toEvents(): Promise<Batch> {
    const { pageSize, wakeUps } = this.#context;
    const limit = pageSize.rowsAfter(this.position.id);
    let pageLimit = limit;
    for (;;) {
      const seen = wakeUps.count;
      const polled = await this.#retried(() =>
        this.#stall.during(this.#isPieceless ? this.#pollNext() : this.#pollPage(pageLimit), () =>
          this.#context.pages.whySlow(),
        ),
      );
      this.#enter(polled.epoch);
      if (polled.gapless !== undefined) return this.#found(polled.gapless);
      const { verdict, epoch, rows } = polled;
      if (verdict.kind !== "suspected_fault") this.#faults.clear();
      if (verdict.kind === "rows") {
        const most = pageSize.endOf(this.position.id, rows);
        const events = verdict.events.length > most ? verdict.events.slice(0, most) : verdict.events;
        const batch = await this.#whole({ events, epoch }, pageLimit === limit && events.length >= most);
        if (batch !== undefined) return this.#found(batch);
        pageLimit = limit;
        continue;
      }
      const next = await this.#retried(() => this.#waitAt(verdict, seen));
      // While nothing changes at a gap only the row that closes it matters; the rows above it are remembered.
      pageLimit = next === "full page" ? limit : 1;
    }
  }

  /** The events of what was read before, if that still holds. */
  async #ofRest(rest: UnreadRest | undefined): Promise<Batch | undefined> {
    const { anchor } = this.position;
    if (rest === undefined || anchor === undefined || !isSameRow(rest.after, anchor)) return undefined;
    if (rest.epoch !== this.#context.pages.epoch) return undefined;
    return this.#whole(rest, rest.full);
  }

  /**
   * A batch of events that follow the position. Where their page has left out values, it has the first of them, as many as
   * fit into memory with their values. Undefined if their rows have changed meanwhile: then the position is polled again.
   */
  async #whole(run: PartialRun, full: boolean): Promise<Batch | undefined> {
    const { events, epoch } = run;
    if (!isPartial(events)) return new EventBatch({ events, epoch, full });
    const piece = this.#voidPieces === 0 ? planPiece(events, eventMemory.pieceBytes) : planFewest(events);
    const held = await this.#memory.room(piece.bytes, { prev: this.position.id, signal: this.#signal });
    try {
      const whole = await this.#complete(piece, epoch);
      if (whole === undefined) {
        this.#voidPieces++;
        held.release();
        return undefined;
      }
      const rest = restOf(run, whole, full);
      return new EventBatch({ events: whole, epoch, full: full || rest !== undefined, rest, held });
    } catch (error) {
      held.release();
      throw error;
    }
  }

  #complete(piece: PlannedPiece, epoch: number): Promise<readonly ReflexEvent[] | undefined> {
    const { pages } = this.#context;
    return this.#retried(() => {
      const reading = unlessEnded(completed(pages, piece, epoch), this.#signal);
      return this.#stall.during(reading, () => pages.whySlow());
    });
  }

  #found(batch: Batch): Batch {
    this.#stall.resolved();
    if (batch.held === undefined) this.#memory.passed();
    return batch;
  }

  /** Notes the epoch of the last poll. */
  #enter(epoch: number): void {
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#gap.forget();
  }

  /**
   * Whether reads by id do not get what pages show, as where a proxy sends them to a server that lags, or where the server
   * bounds their answers: then the next event is read with its values.
   */
  get #isPieceless(): boolean {
    // variant place: reads by id that get no rows
    return this.#voidPieces >= MOST_VOID_PIECES;
  }

  async #pollPage(limit: number): Promise<Polled> {
    const { pageSize } = this.#context;
    // One row more than is asked for: the anchor.
    const page = await this.#read({ rows: limit + 1, values: pageSize.values(limit) });
    pageSize.learn(page);
    return this.#judge(page);
  }

  /** The row at the position and the next one, whatever their values take. They say nothing of how long others are. */
  async #pollNext(): Promise<Polled> {
    return this.#judge(await this.#read({ rows: 2, values: "all" }));
  }

  /** POLL: reads the row at the position and what follows it. */
  #read(wanted: PageLimit): Promise<ReadPage> {
    const { readAhead, loads } = this.#context;
    const { id } = this.position;
    return loads.run(id, () => unlessEnded(readAhead.read(id, wanted, this.#signal), this.#signal));
  }

  async #judge(page: ReadPage): Promise<Polled> {
    const { pages, database, pageSize } = this.#context;
    const { id } = this.position;
    const rows = page.asked - 1;
    const gapless = rows === pageSize.endOf(id, rows) ? gaplessPage(this.position, page, rows) : undefined;
    const { offsets } = this.#context.resolvers;
    if (gapless !== undefined) {
      if (offsets.active) offsets.note(gapless.events);
      return { gapless, epoch: page.epoch };
    }
    const events = page.takeEvents();
    offsets.note(events);
    const verdict = await judgePoll(this.position, events, {
      gapsCanClose: database.dialect.gapsCanClose,
      readEdges: () => unlessEnded(pages.readEdges(), this.#signal),
    });
    return { verdict: this.#lastPoll.refine(verdict, id, events), epoch: page.epoch, rows };
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
    this.#memory.passed();
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
    const { reporting, table, thinning } = this.#context;
    return retried(work, { signal: this.#signal, reporting, table, stall: this.#stall, thinning });
  }
}

/** What follows the first events of a run; undefined if that is nothing. */
function restOf(run: PartialRun, first: readonly ReflexEvent[], full: boolean): UnreadRest | undefined {
  const last = first.at(-1);
  if (last === undefined || first.length === run.events.length) return undefined;
  return { events: run.events.slice(first.length), epoch: run.epoch, after: withoutValues(last), full };
}
