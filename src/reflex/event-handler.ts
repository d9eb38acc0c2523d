import { abortReason } from "../waiting/abort.ts";
import { isThenable } from "../waiting/thenable.ts";
import { processBudget } from "../waiting/work-budget.ts";
import type { ConsumeContext, Consumer } from "./consumer.ts";
import { ConsumerProgress } from "./consumer-progress.ts";
import type { ReflexEvent } from "./event.ts";
import { HandlingLimit } from "./handling-limit.ts";
import type { Reporting } from "./observer.ts";
import type { HandsOver } from "./run-progress.ts";
import type { ShutdownWaits } from "./shutdown-waits.ts";
import type { Spec } from "./spec.ts";

// How many events are consumed between two looks at the clock.
const EVENTS_A_LOOK = 4;

/** Reports the end of the work on an event, with the error that came of it, if any. */
type ConsumeEnd = (error: unknown) => void;

export interface EventHandlerSource<T extends number> {
  readonly spec: Pick<Spec<T>, "consumer" | "cursors">;
  readonly reporting: Reporting;
  readonly waits: ShutdownWaits;
  /** What the consumer is given. Its signal is aborted when the run is. */
  readonly context: ConsumeContext;
  /** Aborted when no further event may be consumed, with the reason that is thrown instead. */
  readonly halting: AbortSignal;
  /** The longest to wait for a cursor to be set once the run was aborted, in ms. */
  readonly flushMs: number;
  /** The longest that the consumer may work on one event, in ms; undefined for no limit. */
  readonly handlingTimeoutMs: number | undefined;
  /** Called with the event whose work takes longer. The signals of the context and of `halting` are to be aborted then. */
  readonly handlingExceeded: (event: ReflexEvent) => void;
}

/** What a run does with the events of a stream: each is handed to the consumer, and then the cursor is moved past it. */
export class EventHandler<T extends number> implements HandsOver {
  readonly #source: EventHandlerSource<T>;
  // What is used for each event is a field of its own, which is found faster than a property of the source.
  readonly #consumer: Consumer<T>;
  readonly #progress: ConsumerProgress<T>;
  readonly #context: ConsumeContext;
  /** Whether an observer wants a report of each event. */
  readonly #reported: boolean;
  /** Whether no further event may be consumed. It is asked for each event, and a signal takes longer to tell. */
  #halted = false;
  #handled = 0;
  /** The event that was handed over last. It costs next to nothing to keep, and tells what is at hand. */
  #latest: ReflexEvent<T> | undefined;
  #exceeded = false;
  readonly #limit: HandlingLimit | undefined;

  constructor(source: EventHandlerSource<T>) {
    this.#source = source;
    this.#consumer = source.spec.consumer;
    this.#progress = new ConsumerProgress({
      ...source,
      consumer: source.spec.consumer.name,
      cursors: source.spec.cursors,
      signal: source.context.signal,
    });
    this.#context = source.context;
    this.#reported = source.reporting.wants("consume");
    const { handlingTimeoutMs: timeoutMs } = source;
    const exceeded = (event: ReflexEvent): void => this.#exceed(event);
    if (timeoutMs !== undefined) this.#limit = new HandlingLimit({ timeoutMs, exceeded });
  }

  /** Lets the event at hand be finished, and no other be begun. */
  halt(): void {
    this.#halted = true;
    this.#progress.halt();
  }

  /** The last event that the cursor was moved past; undefined if there was none yet. */
  get passed(): ReflexEvent<T> | undefined {
    return this.#progress.passed;
  }

  get atHand(): ReflexEvent<T> | undefined {
    return this.#latest === this.passed ? undefined : this.#latest;
  }

  get moving(): boolean {
    return this.#progress.moving;
  }

  /** Takes note of an event that was left out, and that the cursor was moved past. */
  pass(event: ReflexEvent<T>): void {
    this.#latest = event;
    this.#progress.stored(event);
  }

  close(): void {
    this.#limit?.close();
  }

  async handleAll(events: readonly ReflexEvent<T>[]): Promise<void> {
    // An index loop, the fastest there is: every event goes through it.
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as ReflexEvent<T>;
      const unfinished = this.#handle(event);
      if (unfinished !== undefined) await unfinished;
      // The clock is looked at once in a few events: a look takes as long as the work on a small event.
      this.#handled++;
      if (this.#handled % EVENTS_A_LOOK === 0 && processBudget.spent) await processBudget.renew();
    }
  }

  /** Consumes one event. Returns undefined when nothing of it is left to be waited for. */
  #handle(event: ReflexEvent<T>): Promise<void> | undefined {
    if (this.#halted) throw abortReason(this.#source.halting);
    const report = this.#reported ? this.#startReport(event) : undefined;
    this.#latest = event;
    let work: unknown;
    let isAwaited: boolean;
    try {
      work = this.#consumer.consume(event, this.#context);
      isAwaited = isThenable(work);
    } catch (error) {
      report?.(error);
      throw this.#progress.failed(event, error);
    }
    if (isAwaited) return this.#finish(event, work as PromiseLike<unknown>, report);
    report?.(undefined);
    return this.#progress.done(event);
  }

  async #finish(event: ReflexEvent<T>, work: PromiseLike<unknown>, report: ConsumeEnd | undefined): Promise<void> {
    this.#limit?.begun(event);
    try {
      await this.#source.waits.until(work, "the consumer's work on an event");
    } catch (error) {
      report?.(error);
      throw this.#progress.failed(event, error);
    }
    this.#limit?.ended();
    report?.(undefined);
    // A consumer may end its work at the abort of its signal without an error, and without having done it.
    if (this.#exceeded) throw abortReason(this.#source.halting);
    await this.#progress.done(event);
  }

  #exceed(event: ReflexEvent): void {
    if (this.#context.signal.aborted) return;
    // variant place: work that took too long moves no cursor
    this.#exceeded = true;
    this.#source.handlingExceeded(event);
  }

  #startReport(event: ReflexEvent<T>): ConsumeEnd {
    const { reporting } = this.#source;
    const startedAt = performance.now();
    const lagMs = Math.max(0, Date.now() - event.timestampMicros / 1000);
    const common = { consumer: this.#consumer.name, eventId: event.id, eventType: event.type, lagMs };
    return (error) => reporting.tell("consume", { ...common, durationMs: performance.now() - startedAt, error });
  }
}
