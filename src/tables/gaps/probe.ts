import type { CallUnderWay } from "../../database/calls-under-way.ts";
import type { Database, Session } from "../../database/database.ts";
import type { LingeringSession } from "../../database/sessions/lingering-session.ts";
import { type AskFree, slowCalls } from "../../database/sessions/slow-calls.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import type { Blocker } from "../../reflex/wait-cause.ts";
import type { TableContext } from "../events/table-context.ts";
import { gapSession } from "./gap-session.ts";
import { type NodeState, readNodeState } from "./node-state.ts";

/** Asks one server that takes writes for rows that are not committed. Its answer is a hint, never a proof. */
export class Probe {
  readonly #context: TableContext;
  readonly #session: LingeringSession;
  readonly #inFlightText: string;
  readonly #waitText: string;

  constructor(context: TableContext) {
    this.#context = context;
    const { config, database, table } = context;
    // In this isolation level, as in READ COMMITTED, locks are taken on rows only: never on the gaps where writers
    // insert.
    this.#session = gapSession(context, "read uncommitted");
    const { dialect } = database;
    const id = `t.${dialect.quote(config.fields.id)}`;
    const select = `select ${dialect.asText(id)} as id_text from ${dialect.quote(table)} as t`;
    const param = dialect.integerParam;
    this.#inFlightText = `${select} where ${id} between ${param} and ${param} order by ${id}`;
    this.#waitText = `${select} where ${id} = ${param} lock in share mode`;
  }

  /** The server that it asks. */
  get database(): Database {
    return this.#context.database;
  }

  /** The ids in this range that have a row on the server, committed or not. */
  async visible(first: bigint, last: bigint): Promise<bigint[]> {
    const rows = await this.#session.use((session) => this.#rows(session, this.#inFlightText, [first, last]));
    return rows.map((row) => BigInt(row.id_text));
  }

  /** The lowest id up to this one that has a row on the server, committed or not. */
  async lowestUpTo(last: bigint): Promise<bigint | undefined> {
    const sql = `${this.#inFlightText} limit 1`;
    const [row] = await this.#session.use((session) => this.#rows(session, sql, [1n, last]));
    return row === undefined ? undefined : BigInt(row.id_text);
  }

  /**
   * Waits until the transaction that holds this id ends, at most a second. Resolves with `not_waited` if that is
   * impossible: without the privilege, or while the connection is needed elsewhere.
   */
  async waitFor(id: bigint): Promise<"committed" | "ended" | "not_waited"> {
    try {
      const rows = await this.#session.useLong((session) => this.#rows(session, this.#waitText, [id]));
      if (rows === undefined) return "not_waited";
      return rows.length > 0 ? "committed" : "ended";
    } catch (error) {
      const meaning = meaningOf(error);
      if (meaning === "lock_timeout" || meaning === "transaction_lost") return "ended";
      if (meaning === "no_privilege" || meaning === "read_only") return "not_waited";
      throw error;
    }
  }

  /** What the server says of its cluster. */
  state(): Promise<NodeState> {
    const { statementTimeoutMs: timeoutMs } = this.#context.config;
    return this.#session.use((session) => readNodeState(session, { timeoutMs }));
  }

  /** Who holds the row that it waits for; undefined if it waits for none, or the server does not tell. */
  async blocker(askFree: AskFree | undefined): Promise<Blocker | undefined> {
    const [waiting] = this.callsBefore(performance.now());
    const threadId = waiting?.on?.threadId;
    return threadId === undefined ? undefined : slowCalls(this.#context.database).rowBlocker(threadId, askFree);
  }

  /** What is under way on its connection since before this time. */
  callsBefore(timeMs: number): CallUnderWay[] {
    return this.#session.callsBefore(timeMs);
  }

  close(): void {
    this.#session.close();
  }

  #rows(session: Session, sql: string, ids: readonly bigint[]): Promise<{ id_text: string }[]> {
    return session.rows(sql, ids.map(String), { timeoutMs: this.#context.config.statementTimeoutMs });
  }
}
