import type { Session } from "../database.ts";

/** What a session of the server is doing. */
export interface ThreadActivity {
  /** Whether a statement of the session runs. */
  readonly running: boolean;
  /** The server's word for what the session does: "Waiting for table metadata lock". */
  readonly state: string;
  /** For how long it does that, in whole seconds. */
  readonly seconds: number;
}

interface ThreadRow {
  readonly Id: number | string | bigint;
  readonly Command: string;
  readonly State: string | null;
  readonly Time: number | string | bigint | null;
}

/**
 * What the sessions of the database user are doing, by their numbers. This list, unlike others, each user may see as far as
 * the own sessions go, on every server. It is empty where the numbers are not those that drivers know, as behind a proxy that
 * numbers its connections itself: the session that asks is not found in it then.
 */
export async function readThreads(session: Session, timeoutMs: number): Promise<ReadonlyMap<string, ThreadActivity>> {
  const rows = await session.control<ThreadRow>("show processlist", { timeoutMs });
  const threads = new Map(
    rows.map(({ Id, Command, State, Time }) => [
      String(Id),
      { running: Command !== "Sleep", state: State ?? "", seconds: Number(Time ?? 0) },
    ]),
  );
  const { threadId } = session as { threadId?: number };
  return threads.get(String(threadId))?.running === true ? threads : new Map();
}

/** Whether a session in this state waits for a lock on a table, a schema or the whole server. */
export function waitsForTableLock({ state }: ThreadActivity): boolean {
  return /^Waiting for .*(lock|flush)/i.test(state);
}
