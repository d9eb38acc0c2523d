import type { ConsumerProgress, WriterProgress } from "./messages.ts";
import { type ConsumerName, consumerNames } from "./tables.ts";

export type ConsumerState = "not started" | "running" | "killed" | "stopped";

/** How a consumer is doing, over all its lives. */
export interface ConsumerView {
  readonly name: ConsumerName;
  readonly state: ConsumerState;
  /** The last event that it is done with. */
  readonly position: bigint;
  /** The cursor last written, in the life it lives now. */
  readonly savedCursor: string;
  /** Committed events that it has still to read. */
  readonly lag: number;
  readonly maxLag: number;
  readonly duplicates: number;
  readonly failures: number;
  readonly restarts: number;
  /** Gaps between ids that it came to. */
  readonly gaps: number;
  readonly longestWaitMs: number;
}

export interface TallyView {
  readonly committed: number;
  readonly rolledBack: number;
  /** Transactions that were lost, each done again. */
  readonly retries: number;
  /** Orders per second, over the last second. */
  readonly perSecond: number;
  readonly consumers: readonly ConsumerView[];
}

interface Life {
  state: ConsumerState;
  progress: ConsumerProgress;
  maxLag: number;
  restarts: number;
  /** Of the lives before. */
  duplicates: number;
  failures: number;
  gaps: number;
  longestWaitMs: number;
}

const noCounts = { duplicates: 0, failures: 0, gaps: 0, longestWaitMs: 0 } as const;
const nothing: ConsumerProgress = { type: "consumed", position: "0", savedCursor: "", ...noCounts };
const RATE_WINDOW_MS = 1000;

/** Adds up what the processes report. */
export class Tally {
  readonly #writers = new Map<string, WriterProgress>();
  /** The ids of all events that are known to be committed, ascending. */
  readonly #ids: bigint[] = [];
  readonly #consumers = new Map<ConsumerName, Life>();
  #samples: { readonly at: number; readonly committed: number }[] = [];

  constructor() {
    for (const name of consumerNames) {
      const life: Life = {
        state: "not started",
        progress: nothing,
        maxLag: 0,
        restarts: 0,
        ...noCounts,
      };
      this.#consumers.set(name, life);
    }
  }

  written(writer: string, progress: WriterProgress): void {
    this.#writers.set(writer, progress);
    for (const id of progress.committed.map(BigInt)) this.#ids.splice(this.#countUpTo(id), 0, id);
  }

  consumed(name: ConsumerName, progress: ConsumerProgress): void {
    const life = this.#life(name);
    // A late report of a life that has ended would undo what was added up at its end.
    if (life.state === "running") life.progress = progress;
  }

  /** A consumer's process began, or began again, behind `cursor`. */
  started(name: ConsumerName, cursor: string): void {
    const life = this.#life(name);
    if (life.state === "killed") life.restarts++;
    life.state = "running";
    life.progress = { ...nothing, position: cursor || "0" };
  }

  ended(name: ConsumerName, state: "killed" | "stopped"): void {
    const life = this.#life(name);
    const { duplicates, failures, gaps, longestWaitMs } = life.progress;
    life.duplicates += duplicates;
    life.failures += failures;
    life.gaps += gaps;
    life.longestWaitMs = Math.max(life.longestWaitMs, longestWaitMs);
    life.progress = { ...life.progress, ...noCounts };
    life.state = state;
  }

  /** Call it several times a second: the greatest lags and the rate are taken from these moments. */
  sample(now: number): void {
    this.#samples.push({ at: now, committed: this.#ids.length });
    const recent = this.#samples.findLastIndex(({ at }) => at <= now - RATE_WINDOW_MS);
    this.#samples = this.#samples.slice(Math.max(0, recent));
    for (const life of this.#consumers.values()) {
      const lag = this.#lag(life);
      if (lag > life.maxLag) life.maxLag = lag;
    }
  }

  view(): TallyView {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    const spanMs = (last?.at ?? 0) - (first?.at ?? 0);
    const perSecond = spanMs > 0 ? (((last?.committed ?? 0) - (first?.committed ?? 0)) * 1000) / spanMs : 0;
    const consumers = [...this.#consumers].map(([name, life]) => this.#viewOf(name, life));
    const writers = [...this.#writers.values()];
    return {
      committed: this.#ids.length,
      rolledBack: writers.reduce((sum, { rolledBack }) => sum + rolledBack, 0),
      retries: writers.reduce((sum, { retries }) => sum + retries, 0),
      perSecond,
      consumers,
    };
  }

  #viewOf(name: ConsumerName, life: Life): ConsumerView {
    const { state, progress, maxLag, restarts } = life;
    return {
      name,
      state,
      maxLag,
      restarts,
      position: BigInt(progress.position),
      savedCursor: progress.savedCursor,
      lag: this.#lag(life),
      duplicates: life.duplicates + progress.duplicates,
      failures: life.failures + progress.failures,
      gaps: life.gaps + progress.gaps,
      longestWaitMs: Math.max(life.longestWaitMs, progress.longestWaitMs),
    };
  }

  // A consumer can know of a commit before its writer has reported it: then this is 0 all the same.
  #lag({ progress }: Life): number {
    return this.#ids.length - this.#countUpTo(BigInt(progress.position));
  }

  /** How many of the committed ids are this one or below it. Looked for from the end, where it mostly is. */
  #countUpTo(id: bigint): number {
    return this.#ids.findLastIndex((other) => other <= id) + 1;
  }

  #life(name: ConsumerName): Life {
    const life = this.#consumers.get(name);
    if (life === undefined) throw new RangeError(`no consumer is called ${name}`);
    return life;
  }
}
