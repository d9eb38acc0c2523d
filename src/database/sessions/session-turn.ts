import type { BorrowedSession } from "./borrowed-session.ts";

/** One of those who share the sessions of a group, with its own limits. */
export interface GroupMember {
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

/** A member's wait for a session of its group. */
export class SessionTurn {
  readonly member: GroupMember;
  /** Resolves with the session. Rejects if there is none to be had. */
  readonly granted: Promise<BorrowedSession>;
  #session: BorrowedSession | undefined;
  #resolve!: (session: BorrowedSession) => void;
  #reject!: (error: unknown) => void;

  constructor(member: GroupMember) {
    this.member = member;
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The session once it is granted, which may be before the member hears of it. */
  get session(): BorrowedSession | undefined {
    return this.#session;
  }

  grant(session: BorrowedSession): void {
    this.#session = session;
    this.#resolve(session);
  }

  refuse(error: unknown): void {
    this.#reject(error);
  }
}
