import type { Session } from "../../database/database.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { eventColumns } from "../events/event-columns.ts";
import { type EventRow, toEvent } from "../events/event-row.ts";
import type { TableContext } from "../events/table-context.ts";
import { isSameRow } from "../position/position.ts";
import type { RowAbove } from "./noop-statement.ts";
import { type ReplicaHint, replicaSign, slavePosition } from "./replica-sign.ts";

export interface NoopServerSource extends TableContext {
  /** Whether the user said that this server takes the writes. */
  readonly declared: boolean;
}

/** Why noops can't be inserted on a server now. */
export interface Obstacle {
  readonly kind: "held";
  readonly reason: "not_writable" | "unproven" | "lagging";
  readonly message: string;
}

/** What a server has shown of itself. */
export interface ServerCheck {
  /** What speaks against it, if anything does. */
  readonly obstacle: Obstacle | undefined;
  /** The highest row that was asked for, as the server has it; undefined if it has not. */
  readonly above: RowAbove | undefined;
  /** The connection on which it was asked: another one may lead to another server. */
  readonly session: Session;
  /** When it answered, as `performance.now()`. */
  readonly atMs: number;
}

/** A row of the table, and what the server that has it says of itself. */
export interface CheckRow extends EventRow, ReplicaHint {
  readonly read_only: number | string | bigint;
  readonly engine_read_only: number | string | bigint;
}

// How long what a server said of itself counts. It is used at once, but for a probe that takes longer.
const FRESH_MS = 250;
// How long a server counts as no replica before it is asked again. Servers change their roles while this process runs.
const NO_REPLICA_MS = 10_000;

/** Finds out whether a server may be given noops. */
export class NoopServer {
  readonly #source: NoopServerSource;
  #noReplicaUntil = 0;

  constructor(source: NoopServerSource) {
    this.#source = source;
  }

  /**
   * What speaks against this server, if anything does. It must have the same rows on both sides of the gap: on another
   * server, or in another history, an id means nothing.
   */
  async check(session: Session, around: readonly ReflexEvent[]): Promise<ServerCheck> {
    const rows = await this.#rows(session, around);
    const obstacle = obstacleIn(rows, around) ?? (await this.#replicaObstacle(session, rows[0]));
    const highest = rows.find(({ id_value: id }) => String(id) === around.at(-1)?.id);
    const above =
      highest === undefined
        ? undefined
        : { id: BigInt(highest.id_value), micros: highest.micros === null ? null : BigInt(highest.micros) };
    return { obstacle, above, session, atMs: performance.now() };
  }

  #rows(session: Session, around: readonly ReflexEvent[]): Promise<CheckRow[]> {
    const { database, table, config } = this.#source;
    const { dialect } = database;
    const id = `t.${dialect.quote(config.fields.id)}`;
    // What is long says no more of a row than its time and its foreign id.
    const short = { ...config, fields: { ...config.fields, metadata: undefined, trace: undefined } };
    const ids = around.map((event) => BigInt(event.id)).join(", ");
    return session.control<CheckRow>(
      `select ${eventColumns(dialect, short)}, @@global.read_only as read_only, @@global.innodb_read_only as engine_read_only ${slavePosition} from ${dialect.quote(table)} as t where ${id} in (${ids})`,
      this.#limits,
    );
  }

  async #replicaObstacle(session: Session, hint: ReplicaHint | undefined): Promise<Obstacle | undefined> {
    if (this.#source.declared || performance.now() < this.#noReplicaUntil) return undefined;
    const sign = await replicaSign(session, hint, this.#limits);
    if (sign === undefined) {
      this.#noReplicaUntil = performance.now() + NO_REPLICA_MS;
      return undefined;
    }
    return held("not_writable", `${sign}: name the primary in gaps.primary or fillGaps(), even if it is this server`);
  }

  get #limits(): { timeoutMs: number | undefined } {
    return { timeoutMs: this.#source.config.statementTimeoutMs };
  }
}

function obstacleIn(rows: readonly CheckRow[], around: readonly ReflexEvent[]): Obstacle | undefined {
  if (isReadOnly(rows[0])) {
    return held("not_writable", "the server is read-only: name the primary in gaps.primary or fillGaps()");
  }
  const found = new Map(rows.map((row) => [String(row.id_value), toEvent(row)]));
  const missing = around.find((event) => !found.has(event.id));
  if (missing !== undefined) {
    return held("lagging", `the server that noops would be written to has no row ${missing.id} yet`);
  }
  return holdsRows(found, around)
    ? undefined
    : held("unproven", "the server that noops would be written to holds other rows: name the primary in gaps.primary");
}

/** Whether a check was made just now, on this connection. */
export function isFresh({ session, atMs }: ServerCheck, here: Session): boolean {
  return session === here && performance.now() - atMs < FRESH_MS;
}

export function held(reason: Obstacle["reason"], message: string): Obstacle {
  return { kind: "held", reason, message };
}

/** Whether the server takes writes from nobody but administrators, one of whom the database user may be. */
export function isReadOnly(row: Pick<CheckRow, "read_only" | "engine_read_only"> | undefined): boolean {
  return row !== undefined && (isOn(row.read_only) || isOn(row.engine_read_only));
}

/** Whether the rows that were found by their ids are the same as these. */
export function holdsRows(found: ReadonlyMap<string, ReflexEvent>, rows: readonly ReflexEvent[]): boolean {
  return rows.every((row) => {
    const here = found.get(row.id);
    return here !== undefined && isSameRow(here, row);
  });
}

// Whether a variable is on. Newer versions of MariaDB give a word.
function isOn(value: number | string | bigint): boolean {
  return !["0", "OFF"].includes(String(value));
}
