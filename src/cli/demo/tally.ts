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
  readonly lag: bigint;
  readonly maxLag: bigint;
  readonly duplicates: number;
  readonly failures: number;
  readonly restarts: number;
}

export interface TallyView {
  readonly committed: number;
  /** The highest event id that is known to be committed. */
  readonly head: bigint;
  /** Orders per second, over the last second. */
  readonly perSecond: number;
  readonly consumers: readonly ConsumerView[];
}

interface Life {
  state: ConsumerState;
  progress: ConsumerProgress;
  maxLag: bigint;
  restarts: number;
  /** Of the lives before. */
  duplicates: number;
  failures: number;
}

const nothing: ConsumerProgress = { type: "consumed", position: "0", savedCursor: "", duplicates: 0, failures: 0 };
const RATE_WINDOW_MS = 1000;

/** Adds up what the processes report. */
export class Tally {
  readonly #writers = new Map<string, WriterProgress>();
  readonly #consumers = new Map<ConsumerName, Life>();
  #samples: { readonly at: number; readonly committed: number }[] = [];

  constructor() {
    for (const name of consumerNames) {
      const life: Life = {
        state: "not started",
        progress: nothing,
        maxLag: 0n,
        restarts: 0,
        duplicates: 0,
        failures: 0,
      };
      this.#consumers.set(name, life);
    }
  }

  written(writer: string, progress: WriterProgress): void {
    this.#writers.set(writer, progress);
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
    const { duplicates, failures } = life.progress;
    life.duplicates += duplicates;
    life.failures += failures;
    life.progress = { ...life.progress, duplicates: 0, failures: 0 };
    life.state = state;
  }

  /** Call it several times a second: the greatest lags and the rate are taken from these moments. */
  sample(now: number): void {
    this.#samples.push({ at: now, committed: this.#committed });
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
    return { committed: this.#committed, head: this.#head, perSecond, consumers };
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
    };
  }

  get #committed(): number {
    return [...this.#writers.values()].reduce((sum, { committed }) => sum + committed, 0);
  }

  get #head(): bigint {
    return [...this.#writers.values()].map(({ head }) => BigInt(head)).reduce((a, b) => (a > b ? a : b), 0n);
  }

  // A consumer can know of a commit before its writer has reported it.
  #lag({ progress }: Life): bigint {
    const lag = this.#head - BigInt(progress.position);
    return lag > 0n ? lag : 0n;
  }

  #life(name: ConsumerName): Life {
    const life = this.#consumers.get(name);
    if (life === undefined) throw new RangeError(`no consumer is called ${name}`);
    return life;
  }
}
