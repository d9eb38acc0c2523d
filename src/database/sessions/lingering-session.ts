import type { CallUnderWay } from "../calls-under-way.ts";
import type { Session } from "../database.ts";
import { mayHaveBroken } from "./borrowed-session.ts";
import { LINGER_MS, type SessionGroup, type SessionKind, sessionGroup } from "./session-group.ts";
import type { GroupMember } from "./session-turn.ts";

export interface LingeringSessionOptions extends SessionKind, Partial<GroupMember> {}

/** Works on a session. Calls `discard` if the session must not be used again. */
export type SessionWork<R> = (session: Session, discard: () => void) => Promise<R>;

/** Who has last used the sessions of a group, and who before that. */
interface Uses {
  last?: { readonly by: object; readonly atMs: number };
  before?: { readonly by: object; readonly atMs: number };
  /** How many works that take long are under way. */
  long: number;
}

const usesOf = new WeakMap<SessionGroup, Uses>();

/**
 * A session of a database that is shared with all who ask for one of the same kind. It is taken when it is first needed, used
 * by one at a time, and given back soon after its last use.
 */
export class LingeringSession implements GroupMember {
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
  readonly #group: SessionGroup;
  readonly #uses: Uses;

  constructor({ acquireTimeoutMs, statementTimeoutMs, ...kind }: LingeringSessionOptions) {
    this.acquireTimeoutMs = acquireTimeoutMs;
    this.statementTimeoutMs = statementTimeoutMs;
    this.#group = sessionGroup(kind);
    this.#uses = usesOf.get(this.#group) ?? { long: 0 };
    usesOf.set(this.#group, this.#uses);
    this.#group.join(this);
  }

  /** Takes the connection ahead of time, so that {@link use} finds it ready. If that fails, {@link use} fails. */
  warmUp(): void {
    this.#group.warmUp(this);
  }

  async use<R>(work: SessionWork<R>): Promise<R> {
    const held = await this.#group.take(this);
    this.#note();
    let broken = false;
    try {
      return await work(held.session ?? (await held.opened), () => {
        broken = true;
      });
    } catch (error) {
      broken ||= mayHaveBroken(error);
      throw error;
    } finally {
      this.#group.putBack(held, broken);
    }
  }

  /**
   * As {@link use}, for work that takes up to a second and that need not be done. Resolves with undefined, without having called
   * `work`, where it could hold up others.
   */
  async useLong<R>(work: SessionWork<R>): Promise<R | undefined> {
    if (!this.#hasTime()) return undefined;
    this.#uses.long++;
    try {
      return await this.use(work);
    } finally {
      this.#uses.long--;
    }
  }

  /** What is under way for it since before this time: its connection's opening, or statements. */
  callsBefore(timeMs: number): CallUnderWay[] {
    return this.#group.callsBefore(this, timeMs);
  }

  close(): void {
    this.#group.leave(this);
  }

  #hasTime(): boolean {
    const { contended, mostLong } = this.#group;
    return !contended && this.#uses.long < (this.#isAlone() ? 1 : mostLong);
  }

  /** Whether nobody else has used the sessions lately. */
  #isAlone(): boolean {
    const { last, before } = this.#uses;
    const other = last?.by === this ? before : last;
    return other === undefined || performance.now() - other.atMs > LINGER_MS;
  }

  #note(): void {
    const { last } = this.#uses;
    if (last !== undefined && last.by !== this) this.#uses.before = last;
    this.#uses.last = { by: this, atMs: performance.now() };
  }
}
