import type { Session } from "../../database/database.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

/** What a server says of the cluster that it belongs to. */
export type NodeState =
  /** It belongs to none, or does not tell. */
  | { readonly kind: "alone"; readonly why: string }
  | {
      readonly kind: "member";
      /** Who it is in its cluster. */
      readonly node: string;
      /** The cluster and the view of it, which is another one whenever a member comes or goes. */
      readonly view: string;
      /** Whether the view is the primary component: the part of the cluster that can commit. */
      readonly isPrimary: boolean;
      /** Whether it runs statements. A node of Galera that is joining refuses all of them. */
      readonly takesWork: boolean;
      /** How many members the view has, whatever their state. */
      readonly members: number;
    };

const GALERA_STATUS =
  "show global status where variable_name in ('wsrep_cluster_state_uuid', 'wsrep_cluster_conf_id', 'wsrep_cluster_status', 'wsrep_cluster_size', 'wsrep_gcomm_uuid', 'wsrep_ready')";
const GROUP_MEMBERS =
  "select m.member_id as member, m.member_state as state, s.view_id as view, @@server_uuid as own from performance_schema.replication_group_members as m left join performance_schema.replication_group_member_stats as s on s.member_id = m.member_id";
const NO_CLUSTER = "it is no member of a cluster";
const NOT_TOLD =
  "the database user may not read who is in the cluster: grant it SELECT on performance_schema.replication_group_members and replication_group_member_stats";

/** Asks a server for its cluster, as it sees that now. */
export async function readNodeState(session: Session, limits: CallOptions): Promise<NodeState> {
  const status = await session.control<StatusRow>(GALERA_STATUS, limits);
  const galera = galeraState(new Map(status.map((row) => [row.Variable_name.toLowerCase(), row.Value])));
  if (galera !== undefined) return galera;
  try {
    return groupState(await session.control<GroupRow>(GROUP_MEMBERS, limits));
  } catch (error) {
    const meaning = meaningOf(error);
    if (meaning === "no_privilege") return { kind: "alone", why: NOT_TOLD };
    // MariaDB has neither the tables nor the variable.
    if (meaning === "missing_table" || meaning === "other") return { kind: "alone", why: NO_CLUSTER };
    throw error;
  }
}

interface StatusRow {
  readonly Variable_name: string;
  readonly Value: string;
}

export interface GroupRow {
  readonly member: string;
  readonly state: string;
  readonly view: string | null;
  readonly own: string;
}

/** What Galera's status says; undefined if the server runs without it. */
export function galeraState(status: ReadonlyMap<string, string>): NodeState | undefined {
  const node = status.get("wsrep_gcomm_uuid") ?? "";
  const cluster = status.get("wsrep_cluster_state_uuid") ?? "";
  const name = status.get("wsrep_cluster_status");
  // A MariaDB without a cluster has these variables too.
  if (name === undefined || node === "" || (cluster === "" && name === "Disconnected")) return undefined;
  return {
    kind: "member",
    node,
    view: `galera ${cluster} ${status.get("wsrep_cluster_conf_id")}`,
    isPrimary: name === "Primary",
    takesWork: status.get("wsrep_ready") === "ON",
    members: Number(status.get("wsrep_cluster_size")),
  };
}

/** What a member of a replication group sees. One that is not in its group, or was expelled, is alone. */
export function groupState(rows: readonly GroupRow[]): NodeState {
  const self = rows.find(({ member, own }) => member === own);
  if (self === undefined || self.view === null) return { kind: "alone", why: NO_CLUSTER };
  const online = rows.filter(({ state }) => state === "ONLINE");
  return {
    kind: "member",
    node: self.member,
    view: `group ${self.view}`,
    isPrimary: self.state === "ONLINE" && 2 * online.length > rows.length,
    takesWork: true,
    members: rows.length,
  };
}
