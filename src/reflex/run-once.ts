import { ReflexError } from "../errors/reflex-error.ts";
import { AbortFan, abortReason } from "../waiting/abort.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import type { ConsumeContext } from "./consumer.ts";
import type { ReflexEvent } from "./event.ts";
import { EventHandler } from "./event-handler.ts";
import { isExpected } from "./expected.ts";
import { Reporting } from "./observer.ts";
import { isPaged } from "./paged-stream.ts";
import type { RunOptions } from "./run-options.ts";
import { ShutdownWaits } from "./shutdown-waits.ts";
import type { Spec } from "./spec.ts";
import type { EventStream, StreamOptions } from "./stream.ts";

interface Failure {
  readonly activity: string;
  readonly error: unknown;
}

/** One run, from the start of the stream to its end. Its arguments have been checked. */
export class RunOnce<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: RunOptions;
  readonly #reporting: Reporting;
  readonly #stopping = new AbortController();
  readonly #context: ConsumeContext = { signal: this.#stopping.signal };
  readonly #failures: Failure[] = [];
  readonly #waits = new ShutdownWaits();
  readonly #handler: EventHandler<T>;

  /** `onAdvanced` is called whenever the cursor was moved past an event. */
  constructor(spec: Spec<T>, options: RunOptions, onAdvanced?: () => void) {
    this.#spec = spec;
    this.#options = options;
    this.#reporting = new Reporting([options.observer], options.logger);
    this.#handler = new EventHandler({
      spec,
      reporting: this.#reporting,
      waits: this.#waits,
      context: this.#context,
      flushMs: this.#flushMs,
      onAdvanced,
    });
  }

  async execute(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const fan = new AbortFan(this.#options.signal);
    fan.listen(() => this.#stop(fan.reason));
    try {
      await this.#waits.until(Promise.resolve(this.#spec.consumer.reset?.(this.#context)), "the consumer's reset");
      await this.#stream();
    } catch (error) {
      // The error that ended the run comes before those that its ending led to.
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
    this.#handler.halt();
    this.#stopping.abort(reason);
    this.#waits.endIn(this.#shutdownMs, (what) => this.#leaveBehind(what));
  }

  #leaveBehind(what: string): Error {
    const { name } = this.#spec.consumer;
    const message = `the run of ${name} was aborted and left ${what} behind, which had not ended after ${this.#shutdownMs} ms`;
    this.#report("shutdown", new ReflexError("time_limit", message, { details: { consumer: name, what } }));
    return abortReason(this.#stopping.signal);
  }

  /**
   * The reason of the abort, if there was one: it is what ended the run, in whatever error it showed. An error that did
   * not come of the abort is reported.
   */
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
      else for await (const event of stream) await this.#handler.handleAll([event]);
      // A stream of the user's own may simply end at an abort.
      this.#stopping.signal.throwIfAborted();
    } finally {
      await this.#attempt("close", () => stream.close());
    }
  }

  async #handleBatches(stream: EventStream<T>): Promise<void> {
    for await (const events of stream.batches()) {
      await this.#handler.handleAll(events);
      // This array is a copy that nobody else has, so it may be emptied. The promise that brought it may have waited
      // for long, and V8 then keeps what it resolved with for long.
      // variant place: run lets go of its batch
      (events as ReflexEvent<T>[]).length = 0;
    }
  }

  async #open(): Promise<EventStream<T>> {
    const { cursors, consumer } = this.#spec;
    const { signal } = this.#stopping;
    const streamOptions: StreamOptions = { ...this.#spec.options, signal };
    const cursor = await cursors.getCursor(consumer.name, { signal });
    // A run with a cursor says `fromHead: false` explicitly. A `fromHead` among the stream's own options would make it
    // pass by what came since the cursor.
    if (cursor !== "") return this.#spec.stream(cursor, { ...streamOptions, fromHead: false });
    const stream = this.#spec.stream(cursor, streamOptions);
    try {
      const start = await stream.start();
      // The start is written as the cursor before the first event. Without it, a restart from the head would pass by
      // events that were never consumed.
      if (start !== "") await cursors.setCursor(consumer.name, start, { signal });
      await cursors.flush({ consumer: consumer.name, signal });
      return stream;
    } catch (error) {
      await this.#attempt("close", () => stream.close());
      throw error;
    }
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
    // While the process goes on, the consumer's stop is waited for without a limit: the next run must not overlap with
    // it.
    if (!this.#stopping.signal.aborted) return this.#waits.until(stopped, "the consumer's stop");
    return withTimeLimit(stopped, { timeoutMs: this.#shutdownMs, what: `consumer ${consumer.name} to stop` });
  }

  /** Does what must happen however the run ended. What it throws must not hide why the run ended. */
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
