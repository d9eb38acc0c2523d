import type { Session } from "../../database/database.ts";

// Each works on one vendor or needs a privilege; what fails says nothing. Any row is a sign.
const questions: readonly { sql: string; sign: string }[] = [
  {
    sql: "select 1 as one from (select @@global.gtid_slave_pos as position) p where p.position <> ''",
    sign: "this server has replicated from another (gtid_slave_pos is set)",
  },
  { sql: "show all slaves status", sign: "this server is set up as a replica" },
  { sql: "show replica status", sign: "this server is set up as a replica" },
];

/** What shows that a server is, or was, a replica, where a noop would break replication; undefined if nothing does. */
export async function replicaSign(session: Session): Promise<string | undefined> {
  for (const { sql, sign } of questions) {
    const rows = await session.control(sql).catch(() => []);
    if (rows.length > 0) return sign;
  }
  return undefined;
}
