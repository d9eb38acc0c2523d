import type { Session } from "../../database/database.ts";
import { mayHaveBroken } from "../../database/sessions/borrowed-session.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { readNodeState } from "./node-state.ts";
import { isReadOnly } from "./noop-server.ts";

/**
 * What a server is to those that write. "applying": it takes writes though it applies those of another server, as a replica
 * does that nobody has made read-only. "silent": it does not tell.
 */
export type ServerRole = "writable" | "applying" | "not_writable" | "silent";

/** What a server tells of itself. */
export interface ServerAnswer {
  readonly role: ServerRole;
  /** What no other server tells: the same under each name and address of it. "" if it does not tell. */
  readonly server: string;
}

// MySQL has the first, and newer versions of MariaDB the second. Two servers with the same file of ids, as copies have, differ in
// the others. A server leaves out those that it does not know.
const VARIABLES = `show global variables where variable_name in ('read_only', 'innodb_read_only', 'server_uuid', 'server_uid', 'server_id', 'hostname', 'port', 'datadir')`;

// Each works on one vendor's servers only, or needs a privilege. A server that refuses both has said nothing.
const REPLICA_STATUS = ["show all slaves status", "show replica status"];

/** Asks a server who it is, and whether it takes writes. */
export async function readServerRole(session: Session, limits: CallOptions): Promise<ServerAnswer> {
  const rows = await session.control<VariableRow>(VARIABLES, limits);
  const variables = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
  const [read_only, engine_read_only] = [
    variables.get("read_only") ?? "ON",
    variables.get("innodb_read_only") ?? "OFF",
  ];
  for (const name of ["read_only", "innodb_read_only"]) variables.delete(name);
  const server = [...variables].map(([name, value]) => `${name}=${value}`).join(" ");
  const role = isReadOnly({ read_only, engine_read_only }) ? "not_writable" : await roleOfWritable(session, limits);
  return { role, server };
}

interface VariableRow {
  readonly Variable_name: string;
  readonly Value: string;
}

async function roleOfWritable(session: Session, limits: CallOptions): Promise<ServerRole> {
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
