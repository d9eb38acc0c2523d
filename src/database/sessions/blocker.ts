import type { Blocker } from "../../reflex/wait-cause.ts";
import type { Session } from "../database.ts";
import { withoutValues } from "../statement-text.ts";
import { mayHaveBroken } from "./borrowed-session.ts";

/** The kind of lock that a session waits for. */
export type LockKind = "table" | "row";

interface BlockerRow {
  readonly thread_id: string | null;
  readonly user_name: string | null;
  readonly host_name: string | null;
  readonly statement_text: string | null;
  readonly age_seconds: string | null;
}

// The questions about who holds a lock. Each works on one vendor's servers only, and needs a privilege (PROCESS, or SELECT on
// performance_schema). MariaDB tells of locks on tables only with a plugin that is rarely there. A server that refuses a question has said nothing.
const questions: Readonly<Record<LockKind, readonly string[]>> = {
  row: [
    // By their transactions: performance_schema gives as the thread of a lock the one that has asked for it first, which is the
    // one that waits, where a row is locked only by having been inserted.
    `select cast(b.trx_mysql_thread_id as char) as thread_id, cast(t.processlist_user as char) as user_name,
        cast(t.processlist_host as char) as host_name,
        cast(coalesce(t.processlist_info, s.sql_text) as char) as statement_text,
        cast(timestampdiff(second, b.trx_started, now()) as char) as age_seconds
      from performance_schema.data_lock_waits w
      join information_schema.innodb_trx r on r.trx_id = w.requesting_engine_transaction_id
      join information_schema.innodb_trx b on b.trx_id = w.blocking_engine_transaction_id
      left join performance_schema.threads t on t.processlist_id = b.trx_mysql_thread_id
      left join performance_schema.events_statements_current s on s.thread_id = t.thread_id
      where r.trx_mysql_thread_id = ? limit 1`,
    // By the lock that is asked for: all transactions of MariaDB that have written nothing, as those of readers, have the id 0.
    `select cast(b.trx_mysql_thread_id as char) as thread_id, cast(p.user as char) as user_name,
        cast(p.host as char) as host_name, cast(p.info as char) as statement_text,
        cast(timestampdiff(second, b.trx_started, now()) as char) as age_seconds
      from information_schema.innodb_lock_waits w
      join information_schema.innodb_trx r on r.trx_requested_lock_id = w.requested_lock_id
      join information_schema.innodb_trx b on b.trx_id = w.blocking_trx_id
      left join information_schema.processlist p on p.id = b.trx_mysql_thread_id
      where r.trx_mysql_thread_id = ? and w.blocking_trx_id <> 0 limit 1`,
  ],
  table: [
    // A statement that changes a table waits with a lock that keeps out whoever comes after it: then it is what blocks, unless a
    // lock that is held already does.
    `select cast(t.processlist_id as char) as thread_id, cast(t.processlist_user as char) as user_name,
        cast(t.processlist_host as char) as host_name,
        cast(coalesce(t.processlist_info, s.sql_text) as char) as statement_text,
        cast(t.processlist_time as char) as age_seconds
      from performance_schema.metadata_locks w
      join performance_schema.threads r on r.thread_id = w.owner_thread_id
      join performance_schema.metadata_locks g on g.object_type = w.object_type and g.object_schema <=> w.object_schema
        and g.object_name <=> w.object_name and g.owner_thread_id <> w.owner_thread_id
      join performance_schema.threads t on t.thread_id = g.owner_thread_id
      left join performance_schema.events_statements_current s on s.thread_id = t.thread_id
      where w.lock_status = 'PENDING' and r.processlist_id = ?
        and (g.lock_type = 'EXCLUSIVE' or g.lock_status = 'GRANTED'
          and g.lock_type in ('SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'SHARED_READ_ONLY')
          or g.lock_type = 'SHARED' and g.object_type in ('GLOBAL', 'COMMIT', 'BACKUP LOCK'))
      order by g.lock_status = 'GRANTED' desc, t.processlist_time desc limit 1`,
  ],
};

/**
 * Who holds the lock that this session waits for. Undefined if the server does not tell, or if nobody does.
 * @throws what the connection throws that was asked, if it broke
 */
export async function blockerOf(
  session: Session,
  threadId: number,
  { kind, timeoutMs }: { kind: LockKind; timeoutMs: number },
): Promise<Blocker | undefined> {
  for (const question of questions[kind]) {
    const rows = await session.rows<BlockerRow>(question, [threadId], { timeoutMs }).catch((error: unknown) => {
      if (mayHaveBroken(error)) throw error;
      return [];
    });
    const [row] = rows;
    if (row !== undefined && row.thread_id !== null) return toBlocker(row, row.thread_id);
  }
  return undefined;
}

function toBlocker(row: BlockerRow, threadId: string): Blocker {
  return {
    threadId,
    user: row.user_name ?? "",
    host: row.host_name ?? "",
    statement: withoutValues(row.statement_text ?? ""),
    ageMs: Number(row.age_seconds ?? 0) * 1000,
  };
}

/** Who blocks, as part of a sentence: "session 12 (app@10.0.0.7, open for 8 s: update t set a = ?)". */
export function namedBlocker({ threadId, user, host, statement, ageMs }: Blocker): string {
  const who = user === "" ? "" : `${user}${host === "" ? "" : `@${host}`}, `;
  return `session ${threadId} (${who}open for ${Math.round(ageMs / 1000)} s${statement === "" ? "" : `: ${statement}`})`;
}
