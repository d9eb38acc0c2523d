import { AbortFan, abortReason, throwIfAborted } from "../waiting/abort.ts";
import { startTimer } from "../waiting/timer.ts";
import { isReflexError, ReflexError } from "./errors.ts";
import type { ReflexEvent } from "./event.ts";
import { type Logger, type Observer, Reporting } from "./observer.ts";
import { aDuration, anObject, aSignal, checkOptions, type OptionChecks } from "./options.ts";
import { checkSpec, type Spec } from "./spec.ts";
import type { EventStream, StreamOptions } from "./stream.ts";

export interface RunOptions {
  /** Aborting it ends the run, after the event at hand. */
  signal?: AbortSignal | undefined;
  /** The longest to wait at an abort for the event at hand, in ms. @defaultValue 10 000 */
  shutdownMs?: number | undefined;
  /** The longest to wait at the end for cursors to be written, in ms. @defaultValue 5000 */
  flushMs?: number | undefined;
  observer?: Observer | undefined;
  logger?: Logger | undefined;
}

const checks: OptionChecks<RunOptions> = {
  signal: aSignal,
  shutdownMs: aDuration,
  flushMs: aDuration,
  observer: anObject,
  logger: anObject,
};

/**
 * Streams events to a consumer from where it stopped last time, moving its cursor past each event that it consumed.
 *
 * It goes on until something fails or the signal is aborted, so it rejects; it resolves only at the end of a stream that
 * ends by itself (`toHead`). Every event reaches the consumer at least once, in order. At an abort it waits for the event
 * at hand (at most `shutdownMs`), keeps its cursor if it was consumed, writes the cursor, and rejects with the signal's
 * reason. See {@link runForever} for one that starts again after errors.
 *
 * @throws ReflexError `consumer_failed` with the consumer's own error as `cause` and the event's id in `details`.
 * @throws ReflexError of the stream or the cursor store as it came.
 */
export async function run<T extends number>(spec: Spec<T>, options: RunOptions = {}): Promise<void> {
  checkRun(spec, options);
  await executeRun(spec, options, []);
}

/** @internal */
export function checkRun(spec: unknown, options: RunOptions): void {
  checkSpec(spec);
  checkOptions("run", options, checks);
}

/** @internal As {@link run}, its arguments checked, with observers besides the user's. */
export async function executeRun<T extends number>(
  spec: Spec<T>,
  options: RunOptions,
  observers: readonly Observer[],
): Promise<void> {
  await new Run(spec, options, observers).execute();
}

class Run<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: RunOptions;
  readonly #reporting: Reporting;
  readonly #stopping = new AbortController();
  /** Ends the wait for the handler at work. */
  #abandonHandler: ((reason: Error) => void) | undefined;
  #cancelShutdownTimer: (() => void) | undefined;

  constructor(spec: Spec<T>, options: RunOptions, observers: readonly Observer[]) {
    this.#spec = spec;
    this.#options = options;
    this.#reporting = new Reporting([options.observer, ...observers], options.logger);
  }

  async execute(): Promise<void> {
    const { consumer } = this.#spec;
    const fan = new AbortFan(this.#options.signal);
    fan.listen(() => this.#stop(fan.reason));
    const { signal } = this.#stopping;
    let failure: { error: unknown } | undefined;
    try {
      throwIfAborted(signal);
      await consumer.reset?.({ signal });
      await this.#stream(signal);
    } catch (error) {
      failure = { error };
    }
    const [first, ...hidden] = [...(failure === undefined ? [] : [failure]), ...(await this.#end())];
    fan.close();
    this.#cancelShutdownTimer?.();
    for (const { error } of hidden) this.#reporting.error({ activity: "end of the run", name: consumer.name, error });
    if (first !== undefined) throw first.error;
  }

  #stop(reason: unknown): void {
    this.#stopping.abort(reason);
    const { shutdownMs = 10_000 } = this.#options;
    this.#cancelShutdownTimer = startTimer(shutdownMs, () =>
      this.#abandonHandler?.(abortReason(this.#stopping.signal)),
    );
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const stream = await this.#open(signal);
    try {
      // A read that is aborted ends the loop by rejecting with the reason.
      for await (const event of stream) await this.#handle(event, signal);
    } finally {
      await stream.close();
    }
  }

  async #open(signal: AbortSignal): Promise<EventStream<T>> {
    const { cursors, consumer } = this.#spec;
    const { fromHead, ...streamOptions }: StreamOptions = this.#spec.options ?? {};
    const cursor = await cursors.getCursor(consumer.name, { signal });
    if (cursor !== "" || fromHead !== true) return this.#spec.stream(cursor, { ...streamOptions, signal });
    const stream = this.#spec.stream(cursor, { ...streamOptions, fromHead, signal });
    try {
      // Written before the first event: a restart would otherwise start at a later head, past events never consumed.
      await cursors.setCursor(consumer.name, await stream.start(), { signal });
      await cursors.flush({ consumer: consumer.name, signal });
      return stream;
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  async #handle(event: ReflexEvent<T>, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { consumer, cursors } = this.#spec;
    const report = this.#reporting.wants("consume") ? this.#startReport(event) : undefined;
    try {
      await this.#withinShutdown(consumer.consume(event, { signal }));
    } catch (error) {
      report?.(error);
      throw signal.aborted ? abortReason(signal) : consumerFailure(consumer.name, event, error);
    }
    report?.(undefined);
    // Not ended by the signal, since what was consumed is kept, but not waited for without end either.
    const timeoutMs = signal.aborted ? this.#flushMs : undefined;
    await cursors.setCursor(consumer.name, event.id, { event, timeoutMs });
  }

  #startReport(event: ReflexEvent<T>): (error: unknown) => void {
    const startedAt = performance.now();
    const lagMs = Math.max(0, Date.now() - event.timestampMicros / 1000);
    const common = { consumer: this.#spec.consumer.name, eventId: event.id, eventType: event.type, lagMs };
    return (error) => this.#reporting.tell("consume", { ...common, durationMs: performance.now() - startedAt, error });
  }

  /** The handler's work, left behind when it goes on for too long after an abort. */
  #withinShutdown(work: Promise<void> | void): Promise<void> | void {
    if (!(work instanceof Promise)) return;
    return new Promise<void>((resolve, reject) => {
      this.#abandonHandler = reject;
      work.then(resolve, reject);
    });
  }

  get #flushMs(): number {
    return this.#options.flushMs ?? 5000;
  }

  /** What must happen however the run ended. Returns its failures. */
  async #end(): Promise<{ error: unknown }[]> {
    const { cursors, consumer } = this.#spec;
    const failures: { error: unknown }[] = [];
    const keepFailure = (error: unknown): void => void failures.push({ error });
    await cursors.flush({ consumer: consumer.name, timeoutMs: this.#flushMs }).catch(keepFailure);
    await consumer.stop?.().catch(keepFailure);
    return failures;
  }
}

function consumerFailure(name: string, event: ReflexEvent, cause: unknown): ReflexError {
  return new ReflexError(
    "consumer_failed",
    `consumer ${name} failed at event ${event.id} of type ${event.type}: ${String(cause)}; its cursor stays before it`,
    { cause, details: { consumer: name, eventId: event.id, eventType: event.type } },
  );
}

/**
 * Whether `error` is what the abort of `signal` led to, and not a failure. False while the signal is not aborted: a
 * handler's own time-out, or a call that it cancelled itself, is a failure.
 */
export function isExpected(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  if (error === signal.reason || isReflexError(error, "stream_stopped")) return true;
  return error instanceof Error && (error.name === "AbortError" || error.cause === signal.reason);
}
