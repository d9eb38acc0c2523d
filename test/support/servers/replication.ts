import { setTimeout as delay } from "node:timers/promises";
import type { RowDataPacket } from "mysql2/promise";
import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import { type ServerWithPools, startServerWithPools } from "./server-with-pools.ts";

export interface Replication extends AsyncDisposable {
  readonly primary: ServerWithPools;
  readonly replica: ServerWithPools;
  /** Resolves when the replica has applied what is committed on the primary now. */
  caughtUp(): Promise<void>;
  /** Lets the replica fall behind: it receives, but applies nothing. */
  stopApplying(): Promise<void>;
  startApplying(): Promise<void>;
  /** Ends the replication: what the primary commits from now on does not reach the replica. */
  disconnect(): Promise<void>;
  /** Makes the replica, which must be disconnected, a server of its own. */
  promote(): Promise<void>;
  /** Whether the replica applies; the error if it stopped with one. */
  state(): Promise<{ applies: boolean; error: string }>;
}

/** Starts a primary and a replica of it. The replica takes writes unless `replicaFlags` forbid them. */
export async function startReplication(
  vendor: ServerVendor,
  replicaFlags: readonly string[] = [],
  primaryFlags: readonly string[] = [],
): Promise<Replication> {
  const [primary, replica] = await Promise.all([
    startServerWithPools({ vendor, durable: true, port: true, flags: primaryFlags }),
    startServerWithPools({ vendor, durable: true, flags: ["--server-id=2", "--sync-binlog=0", ...replicaFlags] }),
  ]);
  const words = vendor === "mariadb" ? mariadbWords : mysqlWords;
  const [[position]] = await primary.pool.query<RowDataPacket[]>(words.position);
  await primary.pool.query("create user repl@'%'");
  await primary.pool.query("grant replication slave on *.* to repl@'%'");
  const source = { file: String(position?.["File"]), at: Number(position?.["Position"]) };
  await replica.pool.query(words.follow({ port: primary.server.port ?? 0, ...source }));
  await replica.pool.query("start replica");
  const state = async (): Promise<{ applies: boolean; error: string }> => {
    const [[row]] = await replica.pool.query<RowDataPacket[]>("show replica status");
    const applies = row?.["Replica_SQL_Running"] ?? row?.["Slave_SQL_Running"];
    return { applies: applies === "Yes", error: `${row?.["Last_SQL_Error"]}${row?.["Last_IO_Error"]}` };
  };
  return {
    primary,
    replica,
    state,
    caughtUp: async () => {
      const [[now]] = await primary.pool.query<RowDataPacket[]>(words.position);
      const deadline = performance.now() + 15_000;
      for (;;) {
        const [[row]] = await replica.pool.query<RowDataPacket[]>(`select ${words.wait}(?, ?, 5) as events`, [
          now?.["File"],
          now?.["Position"],
        ]);
        if (row?.["events"] >= 0 && row?.["events"] !== null) return;
        const { error } = await state();
        if (error !== "" || performance.now() > deadline) throw new Error(`the replica does not catch up: ${error}`);
        // It was told to apply nothing for a while.
        await delay(50);
      }
    },
    stopApplying: async () => {
      await replica.pool.query("stop replica sql_thread");
    },
    startApplying: async () => {
      await replica.pool.query("start replica sql_thread");
    },
    disconnect: async () => {
      await replica.pool.query("stop replica");
    },
    promote: async () => {
      await replica.pool.query("reset replica all");
      // As long as it says that it was a replica, gaps are closed on it only where it is declared as the primary.
      if (vendor === "mariadb") await replica.pool.query("set global gtid_slave_pos = ''");
    },
    [Symbol.asyncDispose]: async () => {
      await replica[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
    },
  };
}

interface Source {
  readonly port: number;
  readonly file: string;
  readonly at: number;
}

const mariadbWords = {
  position: "show master status",
  wait: "master_pos_wait",
  follow: ({ port, file, at }: Source) =>
    `change master to master_host = '127.0.0.1', master_port = ${port}, master_user = 'repl', master_password = '', master_log_file = '${file}', master_log_pos = ${at}, master_connect_retry = 1, master_use_gtid = no`,
};

const mysqlWords = {
  position: "show binary log status",
  wait: "source_pos_wait",
  follow: ({ port, file, at }: Source) =>
    `change replication source to source_host = '127.0.0.1', source_port = ${port}, source_user = 'repl', source_password = '', source_log_file = '${file}', source_log_pos = ${at}, source_connect_retry = 1, get_source_public_key = 1`,
};
