import { rangeMistake, typeMistake } from "../errors/reflex-error.ts";
import { show } from "../errors/show.ts";
import { kindOfCause, showWithCauses } from "../errors/show-error.ts";
import { aFiniteDuration, aFunction, aLogger, checkOptions, type OptionChecks } from "../options/check-options.ts";
import { type ConsumeContext, type Consumer, checkConsumerName } from "../reflex/consumer.ts";
import { type ErrorInsertFunc, errorMessage } from "../reflex/consumer-error.ts";
import type { ReflexEvent } from "../reflex/event.ts";
import { type Logger, type Observer, Reporting } from "../reflex/observer.ts";
import { anObserver } from "../reflex/observer-check.ts";
import { declareWrapper } from "../reflex/wrapped-consumer.ts";
import { isolated } from "../waiting/isolated.ts";
import { sleep } from "../waiting/sleep.ts";

/** An event that a consumer has given up. */
export interface DeadLetter<T extends number = number> {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The event that it could not handle. */
  readonly event: ReflexEvent<T>;
  /** What the consumer threw the last time. */
  readonly error: unknown;
  /** The id of the error's record. */
  readonly errorId: string;
}

/** When an event is given up, and where it is recorded. */
export interface DeadLetterOptions<T extends number = number> {
  /** Where to record what can't be consumed, such as `errorsTable.toErrorInserter(pool)`. */
  errors: ErrorInsertFunc;
  /** How often to try an event again before it is recorded. @defaultValue 3 */
  retries?: number | undefined;
  /** The wait before the first retry, in ms. It doubles with each retry that follows. @defaultValue 100 */
  minBackoffMs?: number | undefined;
  /** The longest wait between two tries, in ms. @defaultValue 10 000 */
  maxBackoffMs?: number | undefined;
  /** Called for each event that was recorded. What it throws is reported, and stops nothing. */
  onDeadLetter?: ((letter: DeadLetter<T>) => void) | undefined;
  /** Told of what `onDeadLetter` throws (`error`). @defaultValue none; it goes to `logger` */
  observer?: Observer | undefined;
  /** Takes a warning of that if the observer has no `error`. @defaultValue `process.emitWarning` */
  logger?: Logger | undefined;
}

const checks: OptionChecks<DeadLetterOptions> = {
  errors: aFunction,
  retries: (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "a whole number, 0 or more"),
  minBackoffMs: aFiniteDuration,
  maxBackoffMs: aFiniteDuration,
  onDeadLetter: aFunction,
  observer: anObserver,
  logger: aLogger,
};

/**
 * Makes a consumer that does not stop at an event that `consumer` can't handle. It tries the event again a few times,
 * then records it as an error and goes on with the next event. It has the name of `consumer`, and so its cursor. The
 * order of events is given up for those recorded: the events after them are consumed before they are retried.
 *
 * An abort of the run is no failure: the event is neither recorded nor passed, and comes again. A time-out of the
 * handler's own is a failure. If an error can't be recorded, the run fails with both errors, and the cursor stays
 * before the event. This object remembers, over runs, how often each event has failed.
 *
 * @throws TypeError or RangeError `invalid_argument` or `invalid_option`, naming the value.
 * @example
 * const errors = new ErrorsTable();
 * const consumer = createDeadLetterConsumer(mailer, { errors: errors.toErrorInserter(pool), retries: 5 });
 * await runForever({ stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer }, { signal });
 */
export function createDeadLetterConsumer<T extends number = number>(
  consumer: Consumer<T>,
  options: DeadLetterOptions<T>,
): Consumer<T> {
  const letters = new DeadLetters(consumer, checkArguments(consumer, options));
  const { reset, stop } = consumer;
  const wrapper: Consumer<T> = {
    name: consumer.name,
    ...(reset === undefined ? {} : { reset: (context) => reset.call(consumer, context) }),
    ...(stop === undefined ? {} : { stop: () => stop.call(consumer) }),
    consume: (event, context) => letters.consume(event, context),
  };
  declareWrapper(wrapper, consumer);
  return wrapper;
}

function checkArguments<T extends number>(consumer: Consumer<T>, options: DeadLetterOptions<T>): DeadLetterOptions<T> {
  if (typeof (Object(consumer) as Partial<Consumer<T>>).consume !== "function") {
    throw typeMistake("invalid_argument", `a dead-letter consumer wraps a consumer, found ${show(consumer)}`);
  }
  for (const name of ["reset", "stop"] as const) {
    const found: unknown = consumer[name];
    if (found === undefined || typeof found === "function") continue;
    throw typeMistake("invalid_argument", `the consumer's ${name} must be a function, found ${show(found)}`);
  }
  checkConsumerName(consumer.name);
  const checked = checkOptions("createDeadLetterConsumer", options, checks as OptionChecks<DeadLetterOptions<T>>);
  if (checked.errors === undefined) {
    throw typeMistake(
      "invalid_option",
      "createDeadLetterConsumer needs option errors, such as errorsTable.toErrorInserter(pool)",
    );
  }
  const { minBackoffMs = 100, maxBackoffMs = 10_000 } = checked;
  if (minBackoffMs <= maxBackoffMs) return checked;
  throw rangeMistake(
    "invalid_option",
    `option minBackoffMs of createDeadLetterConsumer, ${minBackoffMs}, must not be more than maxBackoffMs, ${maxBackoffMs}`,
  );
}

class DeadLetters<T extends number> {
  readonly #consumer: Consumer<T>;
  readonly #options: DeadLetterOptions<T>;
  readonly #reporting: Reporting;
  /** How often each event has failed, by its id. An event is forgotten once it is consumed or recorded. */
  readonly #failures = new Map<string, number>();

  constructor(consumer: Consumer<T>, options: DeadLetterOptions<T>) {
    this.#consumer = consumer;
    this.#options = options;
    this.#reporting = new Reporting([options.observer], options.logger);
  }

  async consume(event: ReflexEvent<T>, context: ConsumeContext): Promise<void> {
    const { retries = 3 } = this.#options;
    for (;;) {
      try {
        // oxlint-disable-next-line eslint/no-await-in-loop -- one try after the other is the point
        await this.#consumer.consume(event, context);
        this.#failures.delete(event.id);
        return;
      } catch (error) {
        // The abort may be why it threw, whatever it threw. The event comes again in the next run.
        if (context.signal.aborted) throw error;
        const failures = Math.min((this.#failures.get(event.id) ?? 0) + 1, retries + 1);
        this.#failures.set(event.id, failures);
        if (failures > retries) return this.#bury(event, error, context);
        await sleep(this.#backoffMs(failures), { signal: context.signal });
      }
    }
  }

  async #bury(event: ReflexEvent<T>, error: unknown, { signal }: ConsumeContext): Promise<void> {
    const { errors, onDeadLetter } = this.#options;
    const { name } = this.#consumer;
    let errorId: string;
    try {
      errorId = await errors({ consumer: name, eventId: event.id, message: errorMessage(error) }, { signal });
    } catch (recording) {
      signal.throwIfAborted();
      const message = `the error of event ${event.id} could not be recorded: ${kindOfCause(recording)}; the error itself: ${showWithCauses(error)}`;
      throw new AggregateError([error, recording], message, { cause: recording });
    }
    this.#failures.delete(event.id);
    isolated(
      () => onDeadLetter?.({ consumer: name, event, error, errorId }),
      (thrown) => this.#reporting.error({ activity: "onDeadLetter", name, error: thrown }),
    );
  }

  /** Between half of the wait and all of it, so that consumers that fail of one cause don't come back in step. */
  #backoffMs(failures: number): number {
    const { minBackoffMs = 100, maxBackoffMs = 10_000 } = this.#options;
    return Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures - 1, 30)) * (0.5 + Math.random() / 2);
  }
}
