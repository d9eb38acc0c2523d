import type { ReflexEvent } from "../../reflex/event.ts";
import { sleep } from "../../waiting/sleep.ts";
import type { GapResolver, GapStep, SeenGap } from "../gaps/gap-resolver.ts";
import type { Verdict } from "../position/judge-poll.ts";
import type { GapRange } from "../position/missing-ids.ts";
import type { Position } from "../position/position.ts";
import type { ReaderContext } from "./reader-context.ts";
import { PollBackoff, SHORTEST_POLL_WAIT_MS, unlessEnded } from "./reads.ts";
import type { StallWatch } from "./stall-watch.ts";

type GapVerdict = Extract<Verdict, { kind: "gap" }>;

/** AT GAP: what a position reader does at a gap between two polls, and what it remembers of the gap meanwhile. */
export class GapWait {
  readonly #context: ReaderContext;
  readonly #stall: StallWatch;
  readonly #signal: AbortSignal;
  readonly #backoff = new PollBackoff();
  #resolver: GapResolver | undefined;
  /** The rows above the gap, of the poll that showed most of them. */
  #beyond: readonly ReflexEvent[] = [];
  /** How old the row above the gap was by the server's clock, and when that was asked. */
  #age: { readonly ms: number; readonly at: number } | undefined;

  constructor(context: ReaderContext, stall: StallWatch, signal: AbortSignal) {
    this.#context = context;
    this.#stall = stall;
    this.#signal = signal;
  }

  /** To be called when polls come by another connection: what was learned on the last one may no longer hold. */
  forget(): void {
    this.#resolver = undefined;
    this.#beyond = [];
  }

  /**
   * Makes one step at the gap, and waits as long as the step says. Resolves with what the next poll has to read: all that may
   * follow after noops were inserted, else only the row that would close the gap. `seen` are the wake-ups before the poll.
   */
  async step(verdict: GapVerdict, position: Position, seen: number): Promise<"full page" | "next row"> {
    const { gap, beyond } = verdict;
    const atMs = performance.now();
    if (this.#resolver === undefined || beyond.length >= this.#beyond.length) this.#beyond = beyond;
    this.#tell(gap);
    const anchor = verdict.anchored ? position.anchor : undefined;
    const readAgeMs = (): Promise<number> => this.#readAgeMs(beyond[0]);
    const seenGap = { gap, anchor, beyond: this.#beyond, atMs, readAgeMs };
    this.#stall.at(gap);
    const { wakeUps } = this.#context;
    for (const isLast of [false, true]) {
      const step = await this.#stepAt(seenGap);
      if (step.kind === "fill") return "full page";
      if (step.delayMs !== 0) await this.#pause(step.delayMs ?? this.#backoff.next(), seen);
      const woken = step.probeAgain === "unless woken" && wakeUps.count !== seen;
      if (isLast || step.probeAgain === undefined || woken) break;
    }
    return "next row";
  }

  async #stepAt(seenGap: SeenGap): Promise<GapStep> {
    const { resolvers, pages } = this.#context;
    this.#resolver ??= resolvers.make();
    const stepping = unlessEnded(this.#resolver.step(seenGap, this.#signal), this.#signal);
    const step = await this.#stall.during(
      stepping,
      async () => (await pages.whySlow()) ?? resolvers.whySlow(pages.askFree),
    );
    if (step.kind === "fill") this.#tellOfAll();
    else {
      const inFlight = step.reason === "in_flight";
      this.#stall.blocked(seenGap.gap, step, inFlight ? () => resolvers.blocker(pages.askFree) : undefined);
    }
    return step;
  }

  /** Tells listeners of the gap, once. */
  #tell({ prev, next }: GapRange): void {
    this.#context.gaps.tell(this.#context, { prev: String(prev), next: String(next) });
  }

  /** Tells listeners of the gaps above this one too: they were filled with it, so that no stream will ever stand at them. */
  #tellOfAll(): void {
    const ids = this.#beyond.map(({ id }) => BigInt(id));
    for (const [index, next] of ids.entries()) {
      const prev = ids[index - 1] ?? next - 1n;
      if (next > prev + 1n) this.#tell({ prev, next });
    }
  }

  /** Waits between two polls. Wake-ups count only after the shortest wait: inserts above the gap wake streams all the time. */
  async #pause(delayMs: number, seen: number): Promise<void> {
    await sleep(Math.min(delayMs, SHORTEST_POLL_WAIT_MS), { signal: this.#signal });
    if (delayMs > SHORTEST_POLL_WAIT_MS) {
      await this.#context.wakeUps.beyond(seen, delayMs - SHORTEST_POLL_WAIT_MS, this.#signal);
    }
  }

  /** How old the row above the gap is by the server's clock, which is asked once; then this process's clock counts on. */
  async #readAgeMs(above: ReflexEvent | undefined): Promise<number> {
    if (this.#age === undefined) {
      const clock = await unlessEnded(this.#context.pages.readClockMicros(), this.#signal);
      this.#age = { ms: (clock - (above?.timestampMicros ?? clock)) / 1000, at: performance.now() };
    }
    return this.#age.ms + performance.now() - this.#age.at;
  }
}
