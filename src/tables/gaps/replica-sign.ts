import type { Session } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

// Any row is a sign. MariaDB shows all that it replicates from, MySQL the one. A server that refuses the question, which needs a
// privilege, has said nothing.
const QUESTION = "show /*M! all slaves status *//*!80022 replica status */";

/** What a server has told already of its being a replica. */
export interface ReplicaHint {
  /** How far MariaDB has replicated from others; undefined on MySQL. */
  readonly slave_position?: string | null;
}

/** The column of {@link ReplicaHint}, with the comma before it. */
export const slavePosition = "/*M! , @@global.gtid_slave_pos as slave_position */";

/**
 * Asks a server for what shows that it is, or was, a replica, where a noop would break replication. Undefined if
 * nothing does. Rejects if the server did not answer.
 */
export async function replicaSign(
  session: Session,
  hint: ReplicaHint | undefined,
  limits: CallOptions,
): Promise<string | undefined> {
  if ((hint?.slave_position ?? "") !== "") return "this server has replicated from another (gtid_slave_pos is set)";
  const rows = await session.control(QUESTION, limits).catch((error: unknown) => {
    // No answer is no sign either way. If it counted as "no replica", noops could be written to one.
    if (mayHaveBroken(error)) throw error;
    return [];
  });
  return rows.length > 0 ? "this server is set up as a replica" : undefined;
}
