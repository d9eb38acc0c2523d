import type { Database } from "../../database/database.ts";
import { sleep } from "../../waiting/sleep.ts";
import { GtidWait } from "./gtid-wait.ts";
import { WakePace } from "./wake-pace.ts";

export interface GtidCommitLoopSource {
  readonly database: Database;
  /** Whether a stream waits at a head now. */
  readonly wanted: () => boolean;
  /** Looks at the heads. Resolves with whether one has moved; undefined if nobody waits at one. */
  readonly look: () => Promise<boolean | undefined>;
}

/**
 * Why it ended: nobody has waited at a head for a while; it was made to, or the pool has no connection to spare; or it does
 * not work.
 */
export type LoopEnd = "unwanted" | "given back" | "failed";

// Between two events a stream is away from the head for as long as its consumer takes.
const LINGER_MS = 5000;

/** Hears of commits on a connection of its own, and has the heads looked at after each. */
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

  /** Whether it has ever told of an event. */
  get hasAnnounced(): boolean {
    return this.#hasAnnounced;
  }

  /** Whether it told of the latest event, and would tell of one at once. */
  get reliable(): boolean {
    return this.#lastWasHeard && !this.#ended && !this.#pace.backedOff;
  }

  /** A stream has come to a head. */
  arrived(): void {
    if (this.#isHolding) this.#endPause?.();
  }

  /** A look that it did not ask for has found a head moved since another look, which began at `since`. */
  missedCommit(since: number): void {
    this.#lastWasHeard = false;
    if (this.#wait !== undefined && since >= this.#wait.knownSince) this.#missedOne = true;
  }

  /** Gives the connection back at once. */
  end(): void {
    this.#ended = true;
    this.#wait?.close();
    this.#endPause?.();
  }

  /** Until it ends. */
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
    // What was committed before it began to listen it will not hear of.
    await this.#source.look();
    while (await this.#isWanted()) {
      const startedAt = performance.now();
      const committed = await wait.next();
      const waitedMs = performance.now() - startedAt;
      // A replica, a proxy that asks different servers, writers whose commits get no such ids.
      if (!committed && this.#missedOne) return "failed";
      this.#missedOne = false;
      if (committed) await this.#pause(this.#pace.after(await this.#look(), waitedMs));
    }
    return this.#ended ? "given back" : "unwanted";
  }

  /** Has the heads looked at as soon as a stream waits at one. */
  async #look(): Promise<boolean> {
    while (await this.#isWanted()) {
      const moved = await this.#source.look();
      if (moved === undefined) continue;
      if (moved) this.#hasAnnounced = this.#lastWasHeard = true;
      return moved;
    }
    return false;
  }

  /** Waits until a stream waits at a head, for a while. */
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

  /** Those who wait for a connection need it for more than a hint. */
  #giveBackInShortage(): () => void {
    let waiting = 0;
    const stop = this.#source.database.onShortage?.(() => {
      waiting++;
      // The first may be oneself.
      if (this.#wait !== undefined || waiting > 1) this.end();
    });
    return stop ?? (() => undefined);
  }
}
