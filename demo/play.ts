import { setTimeout as delay } from "node:timers/promises";
import { Company, type CompanyPlan } from "./company.ts";
import type { DemoError } from "./connect.ts";
import { lineLegend, renderBlock, renderLine, stamp } from "./progress.ts";
import type { Screen } from "./screen.ts";
import type { ConsumerName } from "./tables.ts";
import { type ConsumerView, Tally, type TallyView } from "./tally.ts";
import { counted, grouped } from "./text.ts";

export interface PlayPlan extends CompanyPlan {
  readonly seconds: number;
  /** How many gaps streams have closed so far; undefined where there are none. */
  readonly gapsClosed: (() => number) | undefined;
}

export interface Played {
  readonly tally: TallyView;
  readonly writingMs: number;
  /** Of the consumer that was killed: the cursor that it had written at least, and the one it went on from. */
  readonly restart: Restart | undefined;
}

export interface Restart {
  readonly consumer: ConsumerName;
  readonly saved: string;
  readonly resumed: string;
}

const VICTIM: ConsumerName = "read-model";
const SAMPLE_EVERY_MS = 100;
const PRINT_EVERY_MS = 1000;
const NO_PROGRESS_LIMIT_MS = 10_000;

/** Writers and consumers at work, from the start to the moment when all consumers have read the last event. */
export class Play {
  readonly #plan: PlayPlan;
  readonly #screen: Screen;
  readonly #tally = new Tally();
  readonly #failing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #company: Company;
  #startedAt = performance.now();
  #printedAt = 0;
  #writing = true;
  #ticker: NodeJS.Timeout | undefined;

  constructor(plan: PlayPlan, screen: Screen, signal: AbortSignal) {
    this.#plan = plan;
    this.#screen = screen;
    this.#signal = AbortSignal.any([signal, this.#failing.signal]);
    this.#company = new Company(plan, {
      tally: this.#tally,
      // Once it is over, what still fails is due to its end.
      onNote: (text) => {
        if (!this.#signal.aborted) this.#tell(text);
      },
      onFailure: (error: DemoError) => this.#failing.abort(error),
    });
  }

  get journals(): readonly string[] {
    return this.#company.journals;
  }

  /** @throws DemoError if a process ends before its time; what `signal` was aborted with. Call `end` in any case. */
  async run(): Promise<Played> {
    const company = this.#company;
    await this.#unlessEnded(
      Promise.all([company.startWriters(), company.startConsumer("read-model"), company.startConsumer("mailer")]),
    );
    this.#begin();
    company.letWritersBegin();
    await this.#at(0.3);
    await this.#unlessEnded(company.startConsumer("audit"));
    this.#tell(`audit starts late, from the first event: ${counted(this.#view("audit").lag, "event")} to catch up on`);
    await this.#at(0.5);
    const restart = await this.#killAndRestart();
    await this.#at(1);
    await this.#unlessEnded(company.stopWriters());
    this.#writing = false;
    const writingMs = performance.now() - this.#startedAt;
    this.#tell("writers done; consumers go on to the last event");
    await this.#untilCaughtUp();
    await this.#unlessEnded(company.stopConsumers());
    return { tally: this.#tally.view(), writingMs, restart };
  }

  /** Ends all processes at once; none is left when it resolves. */
  async end(): Promise<void> {
    clearInterval(this.#ticker);
    this.#screen.draw([]);
    await this.#company.end();
  }

  #begin(): void {
    this.#startedAt = performance.now();
    if (!this.#screen.live) this.#screen.print(`${" ".repeat(9)}${lineLegend}`);
    this.#ticker = setInterval(() => this.#tick(), SAMPLE_EVERY_MS);
    this.#tell(`${this.#plan.writers.length} writers, read-model and mailer start`);
  }

  async #killAndRestart(): Promise<Restart | undefined> {
    // Killed before it has written a cursor, it would have nothing to go on from.
    const hasCursor = (): boolean => this.#view(VICTIM).savedCursor !== "";
    await this.#until(() => hasCursor() || this.#elapsedMs >= this.#plan.seconds * 1000);
    if (!hasCursor()) return undefined;
    await this.#unlessEnded(this.#company.killConsumer(VICTIM));
    const { position, savedCursor: saved } = this.#view(VICTIM);
    this.#tell(`${VICTIM} killed (SIGKILL), last heard of at event ${grouped(position)}`, "red");
    await this.#wait(Math.max(500, this.#plan.seconds * 80));
    const resumed = await this.#unlessEnded(this.#company.startConsumer(VICTIM));
    this.#tell(`${VICTIM} back, resumes after event ${grouped(BigInt(resumed || 0))}, its cursor`, "green");
    return { consumer: VICTIM, saved, resumed };
  }

  async #untilCaughtUp(): Promise<void> {
    let movedAt = performance.now();
    let position = -1n;
    await this.#until(() => {
      const { consumers } = this.#tally.view();
      const sum = consumers.reduce((total, consumer) => total + consumer.position, 0n);
      if (sum !== position) movedAt = performance.now();
      position = sum;
      if (consumers.every(({ lag }) => lag === 0)) return true;
      if (performance.now() - movedAt < NO_PROGRESS_LIMIT_MS) return false;
      const waiting = consumers.filter(({ lag }) => lag > 0).map(({ name }) => name);
      this.#tell(`${waiting.join(" and ")} made no progress for ${NO_PROGRESS_LIMIT_MS / 1000} s`, "red");
      return true;
    });
  }

  #tick(): void {
    this.#tally.sample(performance.now());
    const progress = {
      elapsedMs: this.#elapsedMs,
      seconds: this.#plan.seconds,
      writing: this.#writing,
      tally: this.#tally.view(),
      gapsClosed: this.#plan.gapsClosed?.(),
    };
    if (this.#screen.live) return this.#screen.draw(renderBlock(progress, this.#screen.paint));
    if (progress.elapsedMs - this.#printedAt < PRINT_EVERY_MS) return;
    this.#printedAt += PRINT_EVERY_MS;
    this.#screen.print(renderLine(progress));
  }

  #tell(text: string, colour: "red" | "green" | "yellow" = "yellow"): void {
    this.#screen.print(`${stamp(this.#elapsedMs)}  ${this.#screen.paint[colour](text)}`);
  }

  #view(name: ConsumerName): ConsumerView {
    const view = this.#tally.view().consumers.find((consumer) => consumer.name === name);
    if (view === undefined) throw new RangeError(`no consumer is called ${name}`);
    return view;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Until this part of the time in which orders are placed is over. */
  #at(part: number): Promise<void> {
    return this.#wait(part * this.#plan.seconds * 1000 - this.#elapsedMs);
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) await this.#wait(SAMPLE_EVERY_MS / 2);
  }

  async #wait(delayMs: number): Promise<void> {
    // Without the signal the timer would keep the process alive.
    await delay(Math.max(0, delayMs), undefined, { signal: this.#signal }).catch(() => {});
    this.#signal.throwIfAborted();
  }

  #unlessEnded<R>(work: Promise<R>): Promise<R> {
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) return end();
      signal.addEventListener("abort", end, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }
}
