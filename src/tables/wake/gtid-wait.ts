import type { Database, Session } from "../../database/database.ts";
import { BorrowedSession } from "../../database/sessions/borrowed-session.ts";

/** What a server says of its transaction ids (GTIDs). Numbers come as the driver gives them. */
export interface GtidFacts {
  readonly gtid_mode: string;
  readonly log_bin: unknown;
  readonly read_only: unknown;
  readonly server_uuid: string;
  readonly executed: string;
}

interface WaitAnswer {
  readonly outcome: unknown;
  readonly executed: string;
  readonly gtid_mode: string;
}

/** The query for {@link GtidFacts}. Only MySQL knows these variables; no privilege is needed. */
export const GTID_FACTS =
  "select @@global.gtid_mode as gtid_mode, @@global.log_bin as log_bin, @@global.read_only as read_only, @@global.server_uuid as server_uuid, @@global.gtid_executed as executed";
// The variables are read once the wait has ended. If they were read before it, the next wait would end at once.
const WAIT =
  "select wait_for_executed_gtid_set(?, ?) as outcome, @@global.gtid_executed as executed, @@global.gtid_mode as gtid_mode";

// How long the server waits for a commit. It is short, since a wait goes on in the server when its connection is
// closed, and a wait under way keeps gtid_mode from being switched off.
const WAIT_SECONDS = 1;
const ANSWER_MS = WAIT_SECONDS * 1000 + 5000;
// A short limit: whoever needs a connection for more than a hint comes first.
const ACQUIRE_MS = 1000;

/** Whether commits on this server can be waited for: it numbers them itself, and takes writes. */
export function numbersCommits({ gtid_mode, log_bin, read_only }: GtidFacts): boolean {
  return gtid_mode === "ON" && Number(log_bin) === 1 && Number(read_only) === 0;
}

/** A connection of its own, on which the server tells of commits by the ids that it gives them. */
export class GtidWait {
  readonly #borrowed: BorrowedSession;
  readonly #session: Session;
  readonly #serverUuid: string;
  #last: bigint;
  #knownSince = performance.now();

  private constructor(borrowed: BorrowedSession, session: Session, facts: GtidFacts) {
    this.#borrowed = borrowed;
    this.#session = session;
    this.#serverUuid = facts.server_uuid;
    this.#last = lastTransaction(facts.executed, facts.server_uuid);
  }

  /** Takes a connection of the pool. Rejects if there is none, and if its server does not number its commits. */
  static async open(database: Database): Promise<GtidWait> {
    const borrowed = new BorrowedSession(database, { acquireTimeoutMs: ACQUIRE_MS, statementTimeoutMs: ANSWER_MS });
    const session = await borrowed.opened;
    try {
      const [facts] = await session.rows<GtidFacts>(GTID_FACTS, [], { timeoutMs: ANSWER_MS });
      if (facts === undefined || !numbersCommits(facts)) throw new Error("this server does not number its commits");
      return new GtidWait(borrowed, session, facts);
    } catch (error) {
      borrowed.giveBack();
      throw error;
    }
  }

  /** {@link next} tells of what becomes visible after this time of `performance.now()`. */
  get knownSince(): number {
    return this.#knownSince;
  }

  /**
   * Waits for a commit that was not told of yet. Resolves with true at a commit, and with false after a second without
   * one.
   */
  async next(): Promise<boolean> {
    const next = `${this.#serverUuid}:${this.#last + 1n}`;
    const rows = await this.#session.rows<WaitAnswer>(WAIT, [next, WAIT_SECONDS], { timeoutMs: ANSWER_MS });
    const [answer] = rows;
    if (answer?.gtid_mode !== "ON") throw new Error("this server no longer numbers its commits");
    this.#knownSince = performance.now();
    const last = lastTransaction(answer.executed, this.#serverUuid);
    // The outcome of the wait counts too. Otherwise it would wait for ever where the set is not what it is taken for.
    const committed = last > this.#last || Number(answer.outcome) === 0;
    this.#last = last;
    return committed;
  }

  /** Closes the connection, also under a wait, which then rejects. */
  close(): void {
    this.#borrowed.giveBack();
  }
}

/**
 * The number of the last transaction of one server in a GTID set, such as `@@global.gtid_executed`; 0 if there is none.
 * Transactions with a tag are left out: MySQL 8.3 and newer number them apart.
 */
export function lastTransaction(gtidSet: string, serverUuid: string): bigint {
  const prefix = `${serverUuid.toLowerCase()}:`;
  const sets = gtidSet.split(",").map((set) => set.trim().toLowerCase());
  const intervals = sets.find((set) => set.startsWith(prefix))?.slice(prefix.length) ?? "";
  let last = 0n;
  for (const interval of intervals.split(":")) {
    const end = /^(?:\d+-)?(\d+)$/.exec(interval.trim())?.[1];
    // A tag, which begins with no digit. The intervals after it are the tag's.
    if (end === undefined) break;
    last = BigInt(end);
  }
  return last;
}
