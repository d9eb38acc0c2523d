import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Pool, RowDataPacket } from "mysql2/promise";
import { findServer } from "../../../src/testing/servers/find-server.ts";
import { type PrivateServer, startPrivateServer } from "../../../src/testing/servers/private-server.ts";
import { findFreePort } from "../../../src/testing/servers/server-ready.ts";
import { type Cluster, type ClusterNode, DATABASE, NodePools, untilAnswers } from "./cluster.ts";

/** Why no Group Replication can be had here; undefined if it can. */
export async function groupMissing(): Promise<string | undefined> {
  const server = await findServer("mysql");
  if (server === undefined) return "no MySQL";
  const plugin = join(dirname(server.path), "root/usr/lib/mysql/plugin/group_replication.so");
  const found = await stat(plugin).catch(() => undefined);
  return found === undefined
    ? "no plugin group_replication of the MySQL that tools/install-servers unpacks"
    : undefined;
}

export interface Group extends Cluster {
  /** The nodes that take writes, as a member sees them. */
  primaries(seenBy: ClusterNode): Promise<ClusterNode[]>;
  /** Resolves once the node sees so many members, whatever their state. */
  untilSize(node: ClusterNode, size: number): Promise<void>;
  /** Has this node elected as the only one that takes writes. */
  elect(node: ClusterNode): Promise<void>;
}

/** Starts a group of so many servers, of which all take writes, or one. */
export async function startGroup(
  size: number,
  { singlePrimary = false }: { readonly singlePrimary?: boolean } = {},
): Promise<Group> {
  const name = randomUUID();
  const places = await Promise.all(Array.from({ length: size + 1 }, makePlace));
  const seeds = places.map(({ groupPort }) => `127.0.0.1:${groupPort}`).join(",");
  const members: Member[] = [];
  const start = async (index: number): Promise<ClusterNode> => {
    const member = await startMember({ place: places[index] as Place, index, name, seeds, singlePrimary });
    members.push(member);
    await member.join(index === 0);
    return member.node;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.end()));
  };
  try {
    await start(0);
    for (let index = 1; index < size; index++) await start(index);
    await members[0]?.control.query(`create database ${DATABASE}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    get nodes(): readonly ClusterNode[] {
      return members.map(({ node }) => node);
    },
    grow: () => start(size),
    primaries: async (seenBy) => {
      const [rows] = await seenBy.pool.query<RowDataPacket[]>(
        "select member_id as id from performance_schema.replication_group_members where member_role = 'PRIMARY'",
      );
      const ids = new Set(rows.map((row) => row["id"]));
      return members.filter(({ uuid }) => ids.has(uuid)).map(({ node }) => node);
    },
    untilSize: (node, wanted) =>
      untilAnswers(
        node.pool,
        "select member_id from performance_schema.replication_group_members",
        (rows) => rows.length === wanted,
      ),
    elect: async (node) => {
      const member = members.find((candidate) => candidate.node === node);
      await node.pool.query(`select group_replication_set_as_primary('${member?.uuid}')`);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface Place {
  readonly port: number;
  readonly groupPort: number;
}

async function makePlace(): Promise<Place> {
  return { port: await findFreePort(), groupPort: await findFreePort() };
}

interface Member {
  readonly node: ClusterNode;
  readonly uuid: string;
  readonly control: Pool;
  readonly join: (first: boolean) => Promise<void>;
  readonly end: () => Promise<void>;
}

interface MemberPlan {
  readonly place: Place;
  readonly index: number;
  readonly name: string;
  readonly seeds: string;
  readonly singlePrimary: boolean;
}

async function startMember(plan: MemberPlan): Promise<Member> {
  const server = await startPrivateServer({ vendor: "mysql", durable: true, port: true, flags: groupFlags(plan) });
  const pools = new NodePools(server.socketPath);
  const control = pools.open({ database: "", connectionLimit: 1, multipleStatements: true });
  const [[row]] = await control.query<RowDataPacket[]>("select @@server_uuid as uuid");
  await control.query(`set sql_log_bin = 0; create user repl@'%';
    grant replication slave, connection_admin, backup_admin, group_replication_stream on *.* to repl@'%'; set sql_log_bin = 1;
    change replication source to source_user = 'repl', source_password = '' for channel 'group_replication_recovery'`);
  const joinGroup = async (first: boolean): Promise<void> => {
    if (first) await control.query("set global group_replication_bootstrap_group = on");
    await control.query("start group_replication");
    if (first) await control.query("set global group_replication_bootstrap_group = off");
    const state =
      "select member_state from performance_schema.replication_group_members where member_id = @@server_uuid";
    await untilAnswers(control, state, ([own]) => (own?.["member_state"] ?? own?.["MEMBER_STATE"]) === "ONLINE");
  };
  return {
    uuid: String(row?.["uuid"]),
    control,
    join: joinGroup,
    node: toNode(server, pools, joinGroup),
    end: async () => {
      await pools.end();
      await server.stop();
    },
  };
}

function toNode(server: PrivateServer, pools: NodePools, joinGroup: (first: boolean) => Promise<void>): ClusterNode {
  return {
    socketPath: server.socketPath,
    get pid(): number {
      return server.pid;
    },
    pool: pools.open(),
    openPool: (options) => pools.open(options),
    crash: () => server.crash(),
    comeBack: async () => {
      await server.restart();
      await joinGroup(false);
    },
  };
}

function groupFlags({ place, index, name, seeds, singlePrimary }: MemberPlan): string[] {
  return [
    `--server-id=${index + 1}`,
    `--port=${place.port}`,
    "--report-host=127.0.0.1",
    `--report-port=${place.port}`,
    "--sync-binlog=0",
    "--innodb-flush-log-at-trx-commit=2",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--plugin-load-add=group_replication.so",
    `--group-replication-group-name=${name}`,
    "--group-replication-start-on-boot=OFF",
    `--group-replication-local-address=127.0.0.1:${place.groupPort}`,
    `--group-replication-group-seeds=${seeds}`,
    `--group-replication-single-primary-mode=${singlePrimary ? "ON" : "OFF"}`,
    `--group-replication-enforce-update-everywhere-checks=${singlePrimary ? "OFF" : "ON"}`,
    "--group-replication-recovery-get-public-key=1",
    // As short as it can be: how long a member may be silent before the others go on without it.
    "--group-replication-member-expel-timeout=0",
  ];
}
