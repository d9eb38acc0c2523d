import type { Session } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { readNodeState } from "./node-state.ts";
import { type CheckRow, isReadOnly } from "./noop-server.ts";

/**
 * What a server is to those that write. "applying": it takes writes though it applies those of another server, as a replica
 * does that nobody has made read-only. "silent": it does not tell.
 */
export type ServerRole = "writable" | "applying" | "not_writable" | "silent";

// Each works on one vendor's servers only, or needs a privilege. A server that refuses both has said nothing.
const REPLICA_STATUS = ["show all slaves status", "show replica status"];

/** Asks a server whether it takes writes. */
export async function readServerRole(session: Session, limits: CallOptions): Promise<ServerRole> {
  const [row] = await session.control<Pick<CheckRow, "read_only" | "engine_read_only">>(
    "select @@global.read_only as read_only, @@global.innodb_read_only as engine_read_only",
    limits,
  );
  if (isReadOnly(row)) return "not_writable";
  const state = await readNodeState(session, limits);
  // Cut off from its cluster it may look writable, and can commit nothing.
  if (state.kind === "member" && !(state.isPrimary && state.takesWork)) return "not_writable";
  return (await isApplying(session, limits)) ? "applying" : "writable";
}

async function isApplying(session: Session, limits: CallOptions): Promise<boolean> {
  for (const sql of REPLICA_STATUS) {
    const rows = await session.control<ChannelRow>(sql, limits).catch((error: unknown) => {
      if (mayHaveBroken(error)) throw error;
      return [];
    });
    if (rows.some(applies)) return true;
  }
  return false;
}

/** What both vendors tell of a channel, each by its own names. */
interface ChannelRow {
  readonly Replica_SQL_Running?: string;
  readonly Slave_SQL_Running?: string;
  readonly Channel_Name?: string;
}

/** Whether this channel applies another server's writes. Those of a replication group are its own affair. */
function applies({ Replica_SQL_Running, Slave_SQL_Running, Channel_Name = "" }: ChannelRow): boolean {
  return (Replica_SQL_Running ?? Slave_SQL_Running) === "Yes" && !Channel_Name.startsWith("group_replication_");
}
