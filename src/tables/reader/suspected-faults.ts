import { shareSession } from "../../database/sessions/shared-session.ts";
import type { PositionFaultCode } from "../../reflex/position-fault-code.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { sleep } from "../../waiting/sleep.ts";
import { PageReader } from "../pages/page-reader.ts";
import { judgePoll, type Verdict } from "../position/judge-poll.ts";
import type { Position } from "../position/position.ts";
import { positionFault } from "../position/position-fault.ts";
import { faultConfirmMs } from "./confirm-time.ts";
import type { ReaderContext } from "./reader-context.ts";
import { PollBackoff, retried, unlessEnded } from "./reads.ts";
import { StallWatch } from "./stall-watch.ts";

type SuspectedFault = Extract<Verdict, { kind: "suspected_fault" }>;

/** SUSPECTED FAULT: confirms a position fault before it ends a stream. A replica that lags shows the same for a while. */
export class SuspectedFaults {
  readonly #context: ReaderContext;
  readonly #signal: AbortSignal;
  readonly #stall: StallWatch;
  readonly #backoff = new PollBackoff();
  #since: { readonly code: PositionFaultCode; readonly at: number } | undefined;

  constructor(context: ReaderContext, stall: StallWatch, signal: AbortSignal) {
    this.#context = context;
    this.#stall = stall;
    this.#signal = signal;
  }

  /** A poll suspected no fault: the next suspicion counts anew. */
  clear(): void {
    this.#since = undefined;
  }

  /** Resolves when it is time to poll again. @throws ReflexError the position fault, once it is confirmed */
  async consider({ code, firstId }: SuspectedFault, position: Position): Promise<void> {
    const confirming = unlessEnded(this.#confirm(code, position), this.#signal);
    const state = await this.#stall.during(confirming, () => this.#whySlow());
    if (state === "confirmed" && !(await this.#isOpenBelow(firstId, position))) {
      this.#context.cache.drop();
      throw positionFault(code, { table: this.#context.table, position, firstId });
    }
    if (state === "lagging") this.#stall.lagging();
    await sleep(this.#backoff.next(), { signal: this.#signal });
  }

  /** Why the primary does not answer, where it is another server. */
  async #whySlow(): Promise<WaitCause | undefined> {
    const { gaps, database, pages } = this.#context;
    const primary = gaps.primary ?? database;
    if (primary.identity === database.identity) return pages.whySlow();
    const session = shareSession(primary);
    try {
      return await session.whySlow(this.#context.table);
    } finally {
      session.close();
    }
  }

  /** What is known of the suspicion. The primary confirms it where it is another server, else that it has lasted for long. */
  async #confirm(code: PositionFaultCode, position: Position): Promise<"confirmed" | "unclear" | "lagging"> {
    const { gaps, database } = this.#context;
    if (this.#since?.code !== code) this.#since = { code, at: performance.now() };
    if (gaps.primary !== undefined && gaps.primary.identity !== database.identity) {
      return (await this.#primarySays(code, position)) ? "confirmed" : "lagging";
    }
    return performance.now() - this.#since.at >= faultConfirmMs() ? "confirmed" : "unclear";
  }

  async #primarySays(code: PositionFaultCode, position: Position): Promise<boolean> {
    const { gaps, database } = this.#context;
    const primary = new PageReader({ ...this.#context, database: gaps.primary ?? database });
    try {
      const verdict = await pollOnce(primary, position, true);
      return verdict.kind === "suspected_fault" && verdict.code === code;
    } finally {
      primary.close();
    }
  }

  /** Whether a transaction holds one of the rows that seem pruned: it may commit yet. Tells of it as a stall. */
  async #isOpenBelow(firstId: bigint | undefined, position: Position): Promise<boolean> {
    if (firstId === undefined) return false;
    const { resolvers, pages } = this.#context;
    const asking = unlessEnded(resolvers.belowOpenRows(firstId - 1n), this.#signal);
    const below = await this.#stall.during(asking, () => resolvers.whySlow(pages.askFree));
    if (below === firstId - 1n) return false;
    const message = `a transaction that inserted row ${below + 1n} is still open: commit it or end it`;
    this.#stall.blocked({ prev: position.id, next: firstId }, { reason: "in_flight", message });
    return true;
  }
}

/** Resolves if a stream may be at this position. @throws ReflexError the position fault, if there is one and it is confirmed */
export async function checkPosition(context: ReaderContext, position: Position, signal: AbortSignal): Promise<void> {
  const { pages, database, reporting, table, thinning } = context;
  const stall = new StallWatch({ table, reporting, prev: position.id });
  const faults = new SuspectedFaults(context, stall, signal);
  const poll = (): Promise<Verdict> => {
    const polling = unlessEnded(pollOnce(pages, position, database.dialect.gapsCanClose), signal);
    return stall.during(polling, () => pages.whySlow());
  };
  try {
    for (;;) {
      const verdict = await retried(poll, { signal, reporting, table, stall, thinning });
      if (verdict.kind !== "suspected_fault") return stall.resolved();
      await faults.consider(verdict, position);
    }
  } finally {
    stall.stop();
  }
}

/** Reads the row at the position and the next, and judges them. */
async function pollOnce(pages: PageReader, position: Position, gapsCanClose: boolean): Promise<Verdict> {
  const events = (await pages.read(position.id, { rows: 2, values: "none" })).takeEvents();
  return judgePoll(position, events, { gapsCanClose, readEdges: () => pages.readEdges() });
}
