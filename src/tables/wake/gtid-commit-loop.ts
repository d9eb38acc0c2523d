import type { Database } from "../../database/database.ts";
import { sleep } from "../../waiting/sleep.ts";
import { GtidWait } from "./gtid-wait.ts";
import { WakePace } from "./wake-pace.ts";

export interface GtidCommitLoopSource {
  readonly database: Database;
  /** Whether a stream waits at a head now. */
  readonly wanted: () => boolean;
  /** Looks at the heads. Resolves with whether one has moved, or with undefined if nobody waits at one. */
  readonly look: () => Promise<boolean | undefined>;
}

/**
 * Why the loop ended.
 *
 * - `unwanted`: nobody has waited at a head for a while.
 * - `given back`: it was told to end, or the pool has no connection to spare.
 * - `failed`: the server does not tell of commits as it should.
 */
export type LoopEnd = "unwanted" | "given back" | "failed";

// How long the loop goes on though no stream waits at a head. Between two events a stream is away from the head for as
// long as its consumer takes.
const LINGER_MS = 5000;

/** Hears of commits on a connection of its own, and has the heads looked at after each commit. */
export class GtidCommitLoop {
  readonly #source: GtidCommitLoopSource;
  readonly #pace = new WakePace();
  #wait: GtidWait | undefined;
  #ended = false;
  #endPause: (() => void) | undefined;
  #isHolding = false;
  #hasAnnounced = false;
  #lastWasHeard = false;
  #missedOne = false;

  constructor(source: GtidCommitLoopSource) {
    this.#source = source;
  }

  /** Whether the loop has ever told of an event. */
  get hasAnnounced(): boolean {
    return this.#hasAnnounced;
  }

  /** Whether the loop told of the latest event, and would tell of the next one at once. */
  get reliable(): boolean {
    return this.#lastWasHeard && !this.#ended && !this.#pace.backedOff;
  }

  /** A stream has come to a head. */
  arrived(): void {
    if (this.#isHolding) this.#endPause?.();
  }

  /**
   * Told when a look for which the loop did not ask has found that a head has moved since an earlier look, which began
   * at `since`.
   */
  missedCommit(since: number): void {
    this.#lastWasHeard = false;
    if (this.#wait !== undefined && since >= this.#wait.knownSince) this.#missedOne = true;
  }

  /** Ends the loop, and gives its connection back at once. */
  end(): void {
    this.#ended = true;
    this.#wait?.close();
    this.#endPause?.();
  }

  /** Runs until the loop ends. Resolves with why it has. */
  async run(): Promise<LoopEnd> {
    if (this.#ended) return "given back";
    const stopListening = this.#giveBackInShortage();
    try {
      this.#wait = await GtidWait.open(this.#source.database);
      return await this.#announce(this.#wait);
    } catch {
      return this.#ended ? "given back" : "failed";
    } finally {
      stopListening();
      this.#ended = true;
      this.#wait?.close();
    }
  }

  async #announce(wait: GtidWait): Promise<LoopEnd> {
    // The loop does not hear of what was committed before it began to listen.
    await this.#source.look();
    while (await this.#isWanted()) {
      const startedAt = performance.now();
      const committed = await wait.next();
      const waitedMs = performance.now() - startedAt;
      // An event was missed though the server told of no commit. It may be a replica, there may be a proxy that asks
      // different servers, or commits of the writers get no such ids.
      if (!committed && this.#missedOne) return "failed";
      this.#missedOne = false;
      if (committed) await this.#pause(this.#pace.after(await this.#look(), waitedMs));
    }
    return this.#ended ? "given back" : "unwanted";
  }

  /** Has the heads looked at as soon as a stream waits at one. Resolves with whether one has moved. */
  async #look(): Promise<boolean> {
    while (await this.#isWanted()) {
      const moved = await this.#source.look();
      if (moved === undefined) continue;
      if (moved) this.#hasAnnounced = this.#lastWasHeard = true;
      return moved;
    }
    return false;
  }

  /** Whether a stream waits at a head. If none does, one has a while to come. */
  async #isWanted(): Promise<boolean> {
    if (!this.#ended && !this.#source.wanted()) {
      this.#isHolding = true;
      await this.#pause(LINGER_MS);
      this.#isHolding = false;
      this.#pace.rested();
    }
    return !this.#ended && this.#source.wanted();
  }

  async #pause(pauseMs: number): Promise<void> {
    if (this.#ended) return;
    const onBegin = (wake: () => void): (() => void) => {
      this.#endPause = wake;
      return () => {
        this.#endPause = undefined;
      };
    };
    await sleep(pauseMs, { keepAlive: false, onBegin });
  }

  /** Ends the loop when the pool is short of connections: others need one for more than a hint. */
  #giveBackInShortage(): () => void {
    let waiting = 0;
    const stop = this.#source.database.onShortage?.(() => {
      waiting++;
      // The first one who waits for a connection may be this loop itself.
      if (this.#wait !== undefined || waiting > 1) this.end();
    });
    return stop ?? (() => undefined);
  }
}
