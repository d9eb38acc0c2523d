import type { Database } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import { isServersAnswer } from "../../database/sql-errors.ts";
import { startTimer } from "../../waiting/timer.ts";
import { GtidCommitLoop } from "./gtid-commit-loop.ts";
import { GTID_FACTS, type GtidFacts, numbersCommits } from "./gtid-wait.ts";

export interface CommitHintsSource {
  readonly database: Database;
  /** Runs a query on a connection that is open already. */
  readonly ask: (sql: string) => Promise<readonly GtidFacts[]>;
  /** Looks at the heads. Resolves with whether one has moved, or with undefined if nobody waits at one. */
  readonly look: () => Promise<boolean | undefined>;
}

// The smallest pool on which it listens. It takes a connection besides the three that streams may need anyway, and
// leaves one for others.
const SMALLEST_POOL = 5;
const SHORTEST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

/**
 * Listens for commits while streams wait at heads, where the server tells of commits. What it hears is only a hint:
 * looks on time find the same events. So nobody is told when it fails. It is tried again, less and less often.
 */
export class CommitHints {
  readonly #source: CommitHintsSource;
  #waiting = 0;
  #loop: GtidCommitLoop | undefined;
  #able: boolean;
  #restMs = SHORTEST_REST_MS;
  #restUntil = 0;
  #cancelRest: (() => void) | undefined;

  constructor(source: CommitHintsSource) {
    this.#source = source;
    this.#able = hasRoom(source.database);
  }

  /** Whether it hears of events, so that looks on time only make sure of that. */
  get reliable(): boolean {
    return this.#loop?.reliable ?? false;
  }

  /** A stream has come to a head. */
  arrive(): void {
    this.#waiting++;
    if (this.#loop === undefined) this.#begin();
    else this.#loop.arrived();
  }

  /** A stream no longer waits at its head. */
  depart(): void {
    this.#waiting--;
  }

  /** Told when a look on time has found that a head has moved since the look before it, which began at `since`. */
  missedCommit(since: number): void {
    this.#loop?.missedCommit(since);
  }

  /** Gives the connection back at once. The next stream that comes to a head makes it listen again. */
  close(): void {
    this.#cancelRest?.();
    this.#loop?.end();
    this.#loop = undefined;
  }

  #begin(): void {
    this.#cancelRest?.();
    if (!this.#able || this.#waiting === 0) return;
    const restMs = this.#restUntil - performance.now();
    if (restMs > 0) this.#cancelRest = startTimer(restMs, () => this.#begin(), { keepAlive: false });
    else void this.#listen();
  }

  async #listen(): Promise<void> {
    const { database, look } = this.#source;
    const loop = new GtidCommitLoop({ database, look, wanted: () => this.#waiting > 0 });
    this.#loop = loop;
    const begunAt = performance.now();
    const possible = await this.#isPossible();
    const ended = possible === true ? await loop.run() : "not begun";
    if (this.#loop !== loop) return;
    this.#loop = undefined;
    // Whether it worked, so that the next rest is short again. A pool may often be short of connections: after that, it
    // counts only if the pool was not short for a long time.
    const worked = ended === "given back" ? performance.now() - begunAt > LONGEST_REST_MS : loop.hasAnnounced;
    if (worked) this.#restMs = SHORTEST_REST_MS;
    if (possible === false) this.#restMs = LONGEST_REST_MS;
    if (ended !== "unwanted") this.#rest();
    // Nobody has told of what was committed meanwhile.
    if (ended === "failed") void look();
  }

  #rest(): void {
    this.#restUntil = performance.now() + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
    this.#begin();
  }

  /**
   * Whether the server tells of commits. It is asked before a connection is taken for that. Undefined if it does not
   * say.
   */
  async #isPossible(): Promise<boolean | undefined> {
    try {
      const [facts] = await this.#source.ask(GTID_FACTS);
      return facts !== undefined && numbersCommits(facts);
    } catch (error) {
      // A server that does not know these variables, such as MariaDB, never will.
      this.#able = !isServersAnswer(error) || mayHaveBroken(error);
      return undefined;
    }
  }
}

/** Whether the pool has a connection to spare. A pool of unknown size must tell when it has none left. */
function hasRoom(database: Database): boolean {
  const { dialect, poolSize } = database;
  if (dialect.name !== "mysql") return false;
  return poolSize === undefined ? "onShortage" in database : poolSize >= SMALLEST_POOL;
}
