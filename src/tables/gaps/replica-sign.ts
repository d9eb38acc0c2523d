import type { Session } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

// The questions that show a replica: any row that one gives is a sign. Each works on one vendor's servers only, or
// needs a privilege. A server that refuses a question has said nothing.
const questions: readonly { sql: string; sign: string }[] = [
  {
    sql: "select 1 as one from (select @@global.gtid_slave_pos as position) p where p.position <> ''",
    sign: "this server has replicated from another (gtid_slave_pos is set)",
  },
  { sql: "show all slaves status", sign: "this server is set up as a replica" },
  { sql: "show replica status", sign: "this server is set up as a replica" },
];

/**
 * Asks a server for what shows that it is, or was, a replica, where a noop would break replication. Undefined if
 * nothing does. Rejects if the server did not answer.
 */
export async function replicaSign(session: Session, limits: CallOptions): Promise<string | undefined> {
  for (const { sql, sign } of questions) {
    const rows = await session.control(sql, limits).catch((error: unknown) => {
      // No answer is no sign either way. If it counted as "no replica", noops could be written to one.
      if (mayHaveBroken(error)) throw error;
      return [];
    });
    if (rows.length > 0) return sign;
  }
  return undefined;
}
