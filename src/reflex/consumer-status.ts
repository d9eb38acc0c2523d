import type { RunStatus } from "./run-status.ts";

/**
 * How a consumer is doing, for health checks: the status of the run that it is in, and of the latest if it is in several.
 * After its last run, that is the status of this run; before the first it is `stopped`, since the consumer was made.
 */
export interface ConsumerStatus extends RunStatus {
  /** Whether an event came within the last `activityTtlMs`. Events count that `types` or `filter` left out. */
  readonly active: boolean;
  /** When the last event came. Undefined before the first. */
  readonly lastEventAt: Date | undefined;
  /** How old the last event was when it came, in ms, by this process's clock. Undefined before the first. */
  readonly lagMs: number | undefined;
  /**
   * Whether the last event was older than `lagAlertMs` when it came. It ends with an event that was younger, and once the
   * stream of a run has waited for some 6 s for an event with nothing in its way: it has then caught up.
   */
  readonly lagAlert: boolean;
}

/** Tells that the events that reach a consumer have become too old, or are fresh again. */
export interface LagAlert {
  /** The name of the consumer. */
  readonly consumer: string;
  /** True when events became too old, false when they became fresh again or the stream has caught up. */
  readonly alert: boolean;
  /** How old the event was when it came, in ms, by this process's clock; 0 if the stream has caught up. */
  readonly lagMs: number;
}
