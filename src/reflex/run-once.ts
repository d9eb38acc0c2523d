import { ReflexError, showError } from "../errors/reflex-error.ts";
import { AbortFan, abortReason } from "../waiting/abort.ts";
import { done } from "../waiting/done.ts";
import { isThenable } from "../waiting/thenable.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import { processBudget } from "../waiting/work-budget.ts";
import type { ConsumeContext } from "./consumer.ts";
import type { ReflexEvent } from "./event.ts";
import { isExpected } from "./expected.ts";
import { Reporting } from "./observer.ts";
import { isPaged } from "./paged-stream.ts";
import type { RunOptions } from "./run-options.ts";
import { ShutdownWaits } from "./shutdown-waits.ts";
import type { Spec } from "./spec.ts";
import type { EventStream, StreamOptions } from "./stream.ts";

// How many events at a time are consumed before the clock is looked at.
const EVENTS_A_LOOK = 4;

/** Reports that an event was consumed, or the error that came of it. */
type ConsumeEnd = (error: unknown) => void;

interface Failure {
  readonly activity: string;
  readonly error: unknown;
}

/** One run, from the start of the stream to its end. Its arguments are checked. */
export class RunOnce<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: RunOptions;
  readonly #reporting: Reporting;
  /** Whether someone wants to know of each event. */
  readonly #reported: boolean;
  readonly #onAdvanced: (() => void) | undefined;
  readonly #stopping = new AbortController();
  /** Whether it was aborted: asked twice an event, and a signal takes its time to tell. */
  #stopped = false;
  readonly #context: ConsumeContext = { signal: this.#stopping.signal };
  readonly #failures: Failure[] = [];
  #handled = 0;
  readonly #waits = new ShutdownWaits();

  /** `onAdvanced` is called whenever the cursor was moved past an event. */
  constructor(spec: Spec<T>, options: RunOptions, onAdvanced?: () => void) {
    this.#spec = spec;
    this.#options = options;
    this.#reporting = new Reporting([options.observer], options.logger);
    this.#reported = this.#reporting.wants("consume");
    this.#onAdvanced = onAdvanced;
  }

  async execute(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const fan = new AbortFan(this.#options.signal);
    fan.listen(() => this.#stop(fan.reason));
    try {
      await this.#waits.until(Promise.resolve(this.#spec.consumer.reset?.(this.#context)), "the consumer's reset");
      await this.#stream();
    } catch (error) {
      // What led to the end comes before what failed at it.
      this.#failures.unshift({ activity: "run", error: this.#reasonOr(error) });
    }
    await this.#attempt("flush", () => this.#flush());
    await this.#attempt("stop", () => this.#stopConsumer());
    fan.close();
    this.#waits.close();
    const [first, ...hidden] = this.#failures;
    for (const { activity, error } of hidden) this.#report(activity, error);
    if (first !== undefined) throw first.error;
  }

  #stop(reason: unknown): void {
    this.#stopped = true;
    this.#stopping.abort(reason);
    this.#waits.endIn(this.#shutdownMs, (what) => this.#leaveBehind(what));
  }

  #leaveBehind(what: string): Error {
    const { name } = this.#spec.consumer;
    const message = `the run of ${name} was aborted and left ${what} behind, which had not ended after ${this.#shutdownMs} ms`;
    this.#report("shutdown", new ReflexError("time_limit", message, { details: { consumer: name, what } }));
    return abortReason(this.#stopping.signal);
  }

  /** An abort is what ends the run, whatever form its consequence took. A failure beside it is reported. */
  #reasonOr(error: unknown): unknown {
    const { signal } = this.#stopping;
    if (!signal.aborted) return error;
    if (!isExpected(error, signal)) this.#report("run", error);
    return abortReason(signal);
  }

  async #stream(): Promise<void> {
    const stream = await this.#open();
    try {
      if (isPaged(stream)) await this.#handleBatches(stream);
      else for await (const event of stream) await this.#handleAll([event]);
      // A stream of the user's may just end at an abort.
      this.#stopping.signal.throwIfAborted();
    } finally {
      await this.#attempt("close", () => stream.close());
    }
  }

  async #handleBatches(stream: EventStream<T>): Promise<void> {
    for await (const events of stream.batches()) {
      await this.#handleAll(events);
      // A copy, which is nobody else's. The promise that brought it may have waited for long, and then keeps it for long.
      // variant place: run lets go of its batch
      (events as ReflexEvent<T>[]).length = 0;
    }
  }

  async #open(): Promise<EventStream<T>> {
    const { cursors, consumer } = this.#spec;
    const { signal } = this.#stopping;
    const streamOptions: StreamOptions = { ...this.#spec.options, signal };
    const cursor = await cursors.getCursor(consumer.name, { signal });
    // Refused in so many words: a `fromHead` among the stream's own options would pass by what came since the cursor.
    if (cursor !== "") return this.#spec.stream(cursor, { ...streamOptions, fromHead: false });
    const stream = this.#spec.stream(cursor, streamOptions);
    try {
      const start = await stream.start();
      // Before the first event: a restart from the head would otherwise pass by events that were never consumed.
      if (start !== "") await cursors.setCursor(consumer.name, start, { signal });
      await cursors.flush({ consumer: consumer.name, signal });
      return stream;
    } catch (error) {
      await this.#attempt("close", () => stream.close());
      throw error;
    }
  }

  async #handleAll(events: readonly ReflexEvent<T>[]): Promise<void> {
    // By index, as the loop that everything goes through.
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as ReflexEvent<T>;
      const unfinished = this.#handle(event);
      if (unfinished !== undefined) await unfinished;
      // The clock takes as long as a small event.
      this.#handled++;
      if (this.#handled % EVENTS_A_LOOK === 0 && processBudget.spent) await processBudget.renew();
    }
  }

  /** Undefined when nothing of it is left to be waited for. */
  #handle(event: ReflexEvent<T>): Promise<void> | undefined {
    if (this.#stopped) throw abortReason(this.#stopping.signal);
    const report = this.#reported ? this.#startReport(event) : undefined;
    let work: unknown;
    try {
      work = this.#spec.consumer.consume(event, this.#context);
    } catch (error) {
      report?.(error);
      throw this.#consumeError(event, error);
    }
    if (isThenable(work)) return this.#finish(event, work, report);
    report?.(undefined);
    return this.#advance(event);
  }

  async #finish(event: ReflexEvent<T>, work: PromiseLike<unknown>, report: ConsumeEnd | undefined): Promise<void> {
    try {
      await this.#waits.until(work, "the consumer's work on an event");
    } catch (error) {
      report?.(error);
      throw this.#consumeError(event, error);
    }
    report?.(undefined);
    await this.#advance(event);
  }

  #consumeError(event: ReflexEvent<T>, error: unknown): unknown {
    const { signal } = this.#stopping;
    return isExpected(error, signal) ? abortReason(signal) : consumerFailure(this.#spec.consumer.name, event, error);
  }

  /** Moves the cursor past the event. Undefined when that is done. */
  #advance(event: ReflexEvent<T>): Promise<void> | undefined {
    const { cursors, consumer } = this.#spec;
    const aborted = this.#stopped;
    const options = aborted ? { event, timeoutMs: this.#flushMs } : { event };
    const setting = cursors.setCursor(consumer.name, event.id, options);
    if (setting !== done) return this.#awaitCursor(setting, aborted);
    this.#onAdvanced?.();
    return undefined;
  }

  /** Not ended by the signal, since what was consumed is kept, but not waited for without end after it either. */
  async #awaitCursor(setting: Promise<void>, aborted: boolean): Promise<void> {
    const what = "a cursor to be set";
    await (aborted ? withTimeLimit(setting, { timeoutMs: this.#flushMs, what }) : this.#waits.until(setting, what));
    this.#onAdvanced?.();
  }

  #startReport(event: ReflexEvent<T>): ConsumeEnd {
    const startedAt = performance.now();
    const lagMs = Math.max(0, Date.now() - event.timestampMicros / 1000);
    const common = { consumer: this.#spec.consumer.name, eventId: event.id, eventType: event.type, lagMs };
    return (error) => this.#reporting.tell("consume", { ...common, durationMs: performance.now() - startedAt, error });
  }

  get #shutdownMs(): number {
    return this.#options.shutdownMs ?? 10_000;
  }

  get #flushMs(): number {
    return this.#options.flushMs ?? 5000;
  }

  #flush(): Promise<void> {
    const { cursors, consumer } = this.#spec;
    const limit = { timeoutMs: this.#flushMs, what: `the cursor of ${consumer.name} to be written` };
    return withTimeLimit(cursors.flush({ consumer: consumer.name, timeoutMs: limit.timeoutMs }), limit);
  }

  #stopConsumer(): Promise<void> {
    const { consumer } = this.#spec;
    const stopped = Promise.resolve(consumer.stop?.());
    // Unless the process is to end, the next run must not overlap with it.
    if (!this.#stopping.signal.aborted) return this.#waits.until(stopped, "the consumer's stop");
    return withTimeLimit(stopped, { timeoutMs: this.#shutdownMs, what: `consumer ${consumer.name} to stop` });
  }

  /** What must happen however the run ended, and must not hide why it did. */
  async #attempt(activity: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failures.push({ activity, error });
    }
  }

  #report(activity: string, error: unknown): void {
    this.#reporting.error({ activity, name: this.#spec.consumer.name, error });
  }
}

function consumerFailure(name: string, event: ReflexEvent, cause: unknown): ReflexError {
  return new ReflexError(
    "consumer_failed",
    `consumer ${name} failed at event ${event.id} of type ${event.type}: ${showError(cause)}; its cursor stays before it`,
    { cause, details: { consumer: name, eventId: event.id, eventType: event.type } },
  );
}
