import type { Session } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

// Each works on one vendor or needs a privilege; what the server refuses says nothing. Any row is a sign.
const questions: readonly { sql: string; sign: string }[] = [
  {
    sql: "select 1 as one from (select @@global.gtid_slave_pos as position) p where p.position <> ''",
    sign: "this server has replicated from another (gtid_slave_pos is set)",
  },
  { sql: "show all slaves status", sign: "this server is set up as a replica" },
  { sql: "show replica status", sign: "this server is set up as a replica" },
];

/**
 * What shows that a server is, or was, a replica, where a noop would break replication; undefined if nothing does. Rejects
 * if the server did not answer.
 */
export async function replicaSign(session: Session, limits: CallOptions): Promise<string | undefined> {
  for (const { sql, sign } of questions) {
    const rows = await session.control(sql, limits).catch((error: unknown) => {
      // No answer is no sign either way: taken for "no replica", it would let noops be written to one.
      if (mayHaveBroken(error)) throw error;
      return [];
    });
    if (rows.length > 0) return sign;
  }
  return undefined;
}
