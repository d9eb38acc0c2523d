import { rangeMistake, typeMistake } from "../errors/reflex-error.ts";
import { show, showName } from "../errors/show.ts";
import { aDuration, aFunction, checkOptions, type OptionChecks } from "../options/check-options.ts";
import { isWellFormed } from "../options/well-formed.ts";
import { ConsumerActivity } from "./consumer-activity.ts";
import type { ConsumerStatus, LagAlert } from "./consumer-status.ts";
import type { ReflexEvent } from "./event.ts";
import { declareRunListener } from "./run-listener.ts";

/** What a consumer is given besides the event. */
export interface ConsumeContext {
  /** Aborted when the run is to end. Pass it to whatever the consumer waits for. */
  readonly signal: AbortSignal;
}

/** What reacts to events. Make one with {@link createConsumer}. */
export interface Consumer<T extends number = number> {
  /** The consumer's name, which is also the name of its cursor. */
  readonly name: string;
  /**
   * Called for each event, one at a time. When it throws, the run ends, and the next run begins with the same event.
   */
  readonly consume: (event: ReflexEvent<T>, context: ConsumeContext) => Promise<void> | void;
  /**
   * Called at the start of each run, before the first event. A run that goes on after a pause, or after a `reset` of its
   * cursor, is the same run.
   */
  readonly reset?: (context: ConsumeContext) => Promise<void>;
  /** Called at the end of each run, however it ended. */
  readonly stop?: () => Promise<void>;
}

/** A consumer that {@link createConsumer} has made, which also tells how it is doing. */
export interface CreatedConsumer<T extends number = number> extends Consumer<T> {
  /** How the consumer is doing now, the run that it is in included. Cheap enough for every health check. */
  status(): ConsumerStatus;
}

/** Which events a consumer takes, what it does with its errors, and from when on it counts as late. */
export interface ConsumerOptions<T extends number = number> {
  /** Only events of these types reach the function. The cursor passes the others. @defaultValue all */
  types?: readonly NoInfer<T>[] | undefined;
  /** Only events for which this returns true reach the function. The cursor passes the others. @defaultValue all */
  filter?: ((event: ReflexEvent<T>) => boolean) | undefined;
  /**
   * Called with what the function threw. If `recover` returns, the event counts as consumed. If `recover` throws, its
   * error ends the run. It is not called for what is thrown after the run's signal was aborted.
   */
  recover?: ((event: ReflexEvent<T>, error: unknown, context: ConsumeContext) => Promise<void> | void) | undefined;
  /** Called at the start of each run. */
  reset?: ((context: ConsumeContext) => Promise<void>) | undefined;
  /** Called at the end of each run. */
  stop?: (() => Promise<void>) | undefined;
  /** An event counts as late if it is older than this when it comes, in ms. @defaultValue 1 800 000 (30 minutes) */
  lagAlertMs?: number | undefined;
  /** Called when the events that come have become late, and when they no longer are. */
  onLagAlert?: ((alert: LagAlert) => void) | undefined;
  /** After how long without an event `status().active` is false, in ms. @defaultValue 86 400 000 (a day) */
  activityTtlMs?: number | undefined;
}

const checks: OptionChecks<ConsumerOptions> = {
  // An empty array is refused: with it, every event would be passed by in silence.
  types: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((type) => Number.isSafeInteger(type))
      ? undefined
      : "an array of whole numbers, at least one",
  filter: aFunction,
  recover: aFunction,
  reset: aFunction,
  stop: aFunction,
  lagAlertMs: aDuration,
  onLagAlert: aFunction,
  activityTtlMs: aDuration,
};

/**
 * Makes a consumer out of a function. Its name is the key of its cursor: under another name the consumer starts anew.
 *
 * `consume` gets every event at least once, in order, one at a time. After a crash the last events come again, so make
 * its effect safe to repeat. When it throws, `run` ends with `consumer_failed`, and the cursor stays before that event.
 *
 * @throws TypeError or RangeError `invalid_argument` or `invalid_option`, naming the value.
 * @example
 * const mailer = createConsumer("order-mailer", async (event, { signal }) => {
 *   await sendMail(event.foreignId, { signal });
 * }, { types: [OrderEvent.Placed] });
 */
export function createConsumer<T extends number = number>(
  name: string,
  consume: (event: ReflexEvent<T>, context: ConsumeContext) => Promise<void> | void,
  options: ConsumerOptions<T> = {},
): CreatedConsumer<T> {
  checkConsumerName(name);
  if (typeof consume !== "function") {
    throw typeMistake("invalid_argument", `a consumer needs a function of an event, found ${show(consume)}`);
  }
  const checked = checkOptions("createConsumer", options, checks as OptionChecks<ConsumerOptions<T>>);
  const activity = new ConsumerActivity(name, checked);
  const status = (): ConsumerStatus => activity.status();
  declareRunListener(status, activity);
  const { types, filter, recover, reset, stop } = checked;
  const wanted = types === undefined ? undefined : new Set<number>(types);
  const recovered = async (event: ReflexEvent<T>, context: ConsumeContext): Promise<void> => {
    try {
      await consume(event, context);
    } catch (error) {
      if (recover === undefined || context.signal.aborted) throw error;
      await recover(event, error, context);
    }
  };
  return {
    name,
    ...(reset === undefined ? {} : { reset }),
    ...(stop === undefined ? {} : { stop }),
    status,
    // This is no async function: for a consumer that waits for nothing the run need not wait either.
    consume: (event, context) => {
      activity.handed(event);
      try {
        if (wanted?.has(event.type) === false || (filter !== undefined && !filter(event))) return undefined;
        return recover === undefined ? consume(event, context) : recovered(event, context);
      } catch (error) {
        return rejected(error);
      }
    },
  };
}

const LONGEST_NAME = 255;

/** @throws TypeError or RangeError `invalid_argument` for a name that a database could confuse with another. */
export function checkConsumerName(name: unknown): asserts name is string {
  const problem = aConsumerName(name);
  if (problem === undefined) return;
  const mistake = typeof name === "string" ? rangeMistake : typeMistake;
  throw mistake("invalid_argument", `a consumer's name must be ${problem}, found ${showName(name)}`);
}

/** The check of a consumer's name among options. */
export function aConsumerName(name: unknown): string | undefined {
  if (typeof name !== "string") return "a string";
  if (!isWellFormed(name)) return "of whole characters, without half of a surrogate pair";
  const valid = name !== "" && name === name.trim() && name.length <= LONGEST_NAME;
  return valid ? undefined : `of 1 to ${LONGEST_NAME} characters, with no space at its ends`;
}

async function rejected(error: unknown): Promise<never> {
  throw error;
}
