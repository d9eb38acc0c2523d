import { setTimeout as delay } from "node:timers/promises";
import { createPool, type Pool, type PoolOptions, type RowDataPacket } from "mysql2/promise";

/** The database in which tests on clusters work. */
export const DATABASE = "shop";

/** A node of a cluster that runs on this machine. */
export interface ClusterNode {
  readonly socketPath: string;
  readonly pid: number;
  /** As root, on the database. */
  readonly pool: Pool;
  /** Another pool, as root. Ended with the cluster. */
  openPool(options?: PoolOptions): Pool;
  /** Ends it as a power cut would. */
  crash(): Promise<void>;
  /** Starts it again and waits until it takes part. */
  comeBack(): Promise<void>;
}

/** Servers of which each takes writes, and which certify each other's transactions. */
export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  /** A node more. */
  grow(): Promise<ClusterNode>;
}

/** The pools of one node. */
export class NodePools {
  readonly #socketPath: string;
  readonly #pools: Pool[] = [];

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  open(options: PoolOptions = {}): Pool {
    const base = { socketPath: this.#socketPath, user: "root", database: DATABASE, connectionLimit: 20 };
    const pool = createPool({ ...base, ...options });
    // Connections to a node that is killed break, whoever waits for them or not.
    pool.on("connection", (connection) => connection.on("error", () => undefined));
    this.#pools.push(pool);
    return pool;
  }

  async end(): Promise<void> {
    const ended = Promise.all(this.#pools.map((pool) => pool.end().catch(() => undefined)));
    await Promise.race([ended, delay(500)]);
  }
}

const READY_LIMIT_MS = 60_000;

/** Asks a server until it answers as wanted. */
export async function untilAnswers(pool: Pool, sql: string, wanted: (rows: RowDataPacket[]) => boolean): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const answer = await pool.query<RowDataPacket[]>(sql).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error) && wanted(answer[0])) return;
    if (performance.now() > deadline) {
      throw new Error(`${sql} never answered as wanted, last: ${JSON.stringify(answer)}`);
    }
    await delay(50);
  }
}
