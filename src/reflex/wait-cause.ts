/**
 * Why a stream or a run waits.
 *
 * - `missing_ids`: ids are missing, and not for long enough to be closed.
 * - `in_flight`: the transaction that inserted the missing rows is open.
 * - `filling_off`: the filling of gaps is off.
 * - `not_writable`: noops can't be written, for example since the server is read-only.
 * - `several_primaries`: several servers take writes of which one should.
 * - `unproven`: noops can't be written safely, since the server that would get them holds other rows.
 * - `unfillable`: the table takes no row that could be told from an event.
 * - `lagging`: a server is behind another.
 * - `unreachable`: a server does not answer.
 * - `partitioned`: a server is cut off from the part of its cluster that can commit.
 * - `memory`: the events with long metadata that other streams' consumers hold take the memory that is for these.
 * - `no_connection`: the pool has lent all of its connections.
 * - `locked`: the server waits for a lock that another session holds.
 * - `slow`: the server is at work on a statement that takes long.
 * - `unknown`: what is waited for shows no cause, or can't be asked for one.
 */
export type StallReason =
  | "missing_ids"
  | "in_flight"
  | "filling_off"
  | "not_writable"
  | "several_primaries"
  | "unproven"
  | "unfillable"
  | "lagging"
  | "unreachable"
  | "partitioned"
  | "memory"
  | "no_connection"
  | "locked"
  | "slow"
  | "unknown";

/** A session of the database that holds what someone waits for, as the server tells of it. */
export interface Blocker {
  /** The session's number on its server, as `KILL` takes it. */
  readonly threadId: string;
  /** The database user. */
  readonly user: string;
  /** Where the user is connected from. */
  readonly host: string;
  /** The statement that the session runs or has run last, without its values; "" if the server tells none. */
  readonly statement: string;
  /** How long its transaction, or else its statement, has been open, in ms. */
  readonly ageMs: number;
}

/** What something waits for, as it was asked and not guessed. */
export interface WaitCause {
  /** The kind of cause. */
  readonly reason: StallReason;
  /** A sentence for people that says what to do about it. */
  readonly message: string;
  /** Who holds it up, where the server tells. */
  readonly blockedBy?: Blocker | undefined;
}

/** A wait that has lasted for some 4 s, and what stands in the way. */
export interface ToldWait {
  /** Since when it is waited. */
  readonly since: Date;
  /** What stands in the way. */
  readonly cause: WaitCause;
}

/** What can tell why its calls take long. */
export interface Diagnosable {
  /**
   * Asks the pool, and the server where that makes sense, why the calls that are under way take long. Undefined if none is
   * under way, or nothing stands in their way. It takes 2 s at the most, and never rejects.
   */
  whySlow?(): Promise<WaitCause | undefined>;
  /**
   * The cause of whoever waits for a connection of the same pool, if all of its connections are lent while someone waits for
   * one; else undefined. It costs next to nothing.
   */
  shortage?(): WaitCause | undefined;
}
