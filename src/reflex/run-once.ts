import { isReflexError, ReflexError } from "../errors/reflex-error.ts";
import { AbortFan, abortReason } from "../waiting/abort.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import type { ConsumeContext } from "./consumer.ts";
import type { ReflexEvent } from "./event.ts";
import { isExpected } from "./expected.ts";
import { withRemedy } from "./fault-remedy.ts";
import { handlingTimeout } from "./handling-limit.ts";
import { waitWhilePaused } from "./pause.ts";
import { isPositionFault } from "./position-fault-code.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunParts } from "./run-parts.ts";
import { haveSameCause } from "./same-cause.ts";
import { ShutdownWaits } from "./shutdown-waits.ts";
import type { Spec } from "./spec.ts";
import { StreamSession } from "./stream-session.ts";

interface Failure {
  readonly activity: string;
  readonly error: unknown;
}

/** One run, from the consumer's reset to its stop. Its arguments have been checked. */
export class RunOnce<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: RunOptions;
  readonly #parts: RunParts;
  readonly #stopping = new AbortController();
  readonly #context: ConsumeContext = { signal: this.#stopping.signal };
  readonly #failures: Failure[] = [];
  readonly #waits = new ShutdownWaits();

  constructor(spec: Spec<T>, options: RunOptions, parts: RunParts) {
    this.#spec = spec;
    this.#options = options;
    this.#parts = parts;
  }

  async execute(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const fan = new AbortFan(this.#options.signal);
    fan.listen(() => this.#stop(fan.reason));
    try {
      await this.#resetConsumer();
      await this.#streamToEnd();
    } catch (error) {
      // The error that ended the run comes before those that its ending led to.
      this.#failures.unshift({ activity: "run", error: this.#reasonOr(error) });
    }
    await this.#attempt("flush", () => this.#flush());
    await this.#attempt("stop", () => this.#stopConsumer());
    fan.close();
    this.#waits.close();
    const [first] = this.#failures;
    if (first !== undefined) throw first.error;
  }

  /** Reports what failed besides the error that {@link execute} has thrown. What has the same cause is not told twice. */
  reportHidden(): void {
    const [first, ...hidden] = this.#failures;
    for (const { activity, error } of hidden) if (!haveSameCause(error, first?.error)) this.#report(activity, error);
  }

  async #resetConsumer(): Promise<void> {
    const { consumer } = this.#spec;
    if (consumer.reset === undefined) return;
    const reset = Promise.resolve(consumer.reset(this.#context));
    await this.#parts.progress.work("its reset", this.#waits.until(reset, "the consumer's reset"));
  }

  #stop(reason: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(reason);
    this.#waits.endIn(this.#shutdownMs, (what) => this.#leaveBehind(what));
  }

  #leaveBehind(what: string): Error {
    const { name } = this.#spec.consumer;
    const reason = abortReason(this.#stopping.signal);
    const eventId = this.#parts.progress.wait?.event;
    const details = { consumer: name, what, ...(eventId === undefined ? {} : { eventId }) };
    const place = eventId === undefined ? "" : ` (event ${eventId})`;
    const message = isReflexError(reason, "handling_timeout")
      ? `the run of ${name} left ${what}${place} behind: it took longer than handlingTimeoutMs, and had not ended ${this.#shutdownMs} ms after that`
      : `the run of ${name} was aborted and left ${what}${place} behind, which had not ended after ${this.#shutdownMs} ms`;
    this.#report("shutdown", new ReflexError("time_limit", message, { details }));
    return reason;
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

  /** Streams until the stream ends by itself: anew, and from the cursor as it is then, after whatever was asked. */
  async #streamToEnd(): Promise<void> {
    for (let ended = false; !ended; ) {
      await this.#answerRequests();
      // What went wrong when an earlier stream was closed is not what this run ends with.
      for (const { activity, error } of this.#failures.splice(0)) this.#report(activity, error);
      ended = await this.#stream();
    }
  }

  async #answerRequests(): Promise<void> {
    const { requests, status, progress } = this.#parts;
    const { cursors, consumer } = this.#spec;
    const { signal } = this.#stopping;
    const answering = requests.answerAll(signal);
    const { state, by = "someone" } = await progress.step("what is asked of it to be read", "store", answering);
    if (state !== "paused") return;
    status.enter("paused");
    await waitWhilePaused({ ...this.#parts, consumer: consumer.name, cursors }, by, signal);
    status.enter("starting");
  }

  async #stream(): Promise<boolean> {
    const session = new StreamSession({
      ...this.#parts,
      spec: this.#spec,
      waits: this.#waits,
      context: this.#context,
      flushMs: this.#flushMs,
      handlingTimeoutMs: this.#options.handlingTimeoutMs,
      handlingExceeded: (event) => this.#endHandling(event),
    });
    try {
      return await session.execute();
    } catch (error) {
      throw this.#streamError(error);
    } finally {
      await this.#attempt("close", () =>
        this.#parts.progress.step("its stream to be closed", "stream", session.close()),
      );
      this.#parts.progress.ends();
    }
  }

  #endHandling(event: ReflexEvent): void {
    const { handlingTimeoutMs = 0 } = this.#options;
    this.#stop(handlingTimeout(this.#spec.consumer.name, event, handlingTimeoutMs));
  }

  #streamError(error: unknown): unknown {
    if (this.#stopping.signal.aborted || !isPositionFault(error)) return error;
    const { memory } = this.#parts;
    const { cursors, consumer } = this.#spec;
    memory.fault = withRemedy(error, cursors, { consumer: consumer.name, cursor: memory.reached.cursor });
    return memory.fault;
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
    const flushed = withTimeLimit(cursors.flush({ consumer: consumer.name, timeoutMs: limit.timeoutMs }), limit);
    return this.#parts.progress.step("its cursor to be written", "store", flushed);
  }

  #stopConsumer(): Promise<void> {
    const { consumer } = this.#spec;
    const stopped = Promise.resolve(consumer.stop?.());
    return this.#parts.progress.work("its stop", this.#untilStopped(stopped));
  }

  #untilStopped(stopped: Promise<void>): Promise<void> {
    // While the process goes on, the consumer's stop is waited for without a limit: the next run must not overlap with
    // it.
    if (!this.#stopping.signal.aborted) return this.#waits.until(stopped, "the consumer's stop");
    return withTimeLimit(stopped, {
      timeoutMs: this.#shutdownMs,
      what: `consumer ${this.#spec.consumer.name} to stop`,
    });
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
    this.#parts.reporting.error({ activity, name: this.#spec.consumer.name, error });
  }
}
