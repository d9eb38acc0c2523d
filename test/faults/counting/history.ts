/** An event whose COMMIT was acknowledged to its writer. All times are in ms of the machine's monotonic clock. */
export interface AcknowledgedEvent {
  /** Undefined where the insert did not tell it. */
  readonly id: string | undefined;
  readonly foreignId: string;
  readonly at: number;
}

/** An event that was handed to a consumer. */
export interface DeliveredEvent {
  readonly id: string;
  readonly foreignId: string;
  readonly at: number;
  /** The number of the stream that delivered it, among those of this consumer. */
  readonly stream: number;
}

/** A time in which a consumer, or who watches it, knew that it waits: a stall, a hold, an error, a process that is down. */
export interface ToldTime {
  readonly from: number;
  readonly to: number;
}

/** An event of the table, noops left out. */
export interface StoredEvent {
  readonly id: string;
  readonly foreignId: string;
}

/** What became of one consumer. */
export interface ConsumerHistory {
  readonly name: string;
  readonly delivered: readonly DeliveredEvent[];
  readonly told: readonly ToldTime[];
}

/**
 * Which events the faults of a scenario may take out of the table: none; those that every consumer has passed; or any, so
 * that what was acknowledged may be gone and its ids be given again.
 */
export type RemovedEvents = "none" | "passed" | "any";

/** What happened in one run of a scenario. */
export interface History {
  readonly acknowledged: readonly AcknowledgedEvent[];
  /** The foreign ids of events whose COMMIT was sent and never answered. */
  readonly unknown: ReadonlySet<string>;
  readonly consumers: readonly ConsumerHistory[];
  /** What the table holds at the end. */
  readonly rows: readonly StoredEvent[];
  readonly removed: RemovedEvents;
}
