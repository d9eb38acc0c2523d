import type { CallUnderWay } from "../../database/calls-under-way.ts";
import type { Database, Session } from "../../database/database.ts";
import type { LingeringSession } from "../../database/sessions/lingering-session.ts";
import { type AskFree, slowCalls } from "../../database/sessions/slow-calls.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { tableError } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { Blocker } from "../../reflex/wait-cause.ts";
import type { TableContext } from "../events/table-context.ts";
import { gapSession } from "./gap-session.ts";
import { type NodeState, readNodeState } from "./node-state.ts";
import type { IdGiving } from "./writer-offsets.ts";

/** What a server has of a range of ids, and how it gives ids. */
export interface VisibleIds {
  readonly ids: readonly bigint[];
  readonly giving: IdGiving;
}

interface VisibleRow {
  readonly id_text: string | null;
  readonly increment_value: number | string | bigint;
  readonly offset_value: number | string | bigint;
}

// How long what a server said of its cluster counts.
const VIEW_MS = 5000;

/** Asks one server that takes writes for rows that are not committed. Its answer is a hint, never a proof. */
export class Probe {
  readonly #context: TableContext;
  readonly #session: LingeringSession;
  readonly #select: string;
  readonly #id: string;
  readonly #place: number | undefined;
  #view = { text: "", untilMs: Number.NEGATIVE_INFINITY };

  /** `place` is the server's number in gaps.probe, if it is named there. */
  constructor(context: TableContext, place?: number) {
    this.#context = context;
    this.#place = place;
    const { config, database, table } = context;
    // In this isolation level, as in READ COMMITTED, locks are taken on rows only: never on the gaps where writers
    // insert.
    this.#session = gapSession(context, "read uncommitted");
    const { dialect } = database;
    this.#id = `t.${dialect.quote(config.fields.id)}`;
    this.#select = `select ${dialect.asText(this.#id)} as id_text from ${dialect.quote(table)} as t`;
  }

  /** The server that it asks. */
  get database(): Database {
    return this.#context.database;
  }

  /** The ids in this range that have a row on the server, committed or not, in any order; and how the server gives ids. */
  async visible(first: bigint, last: bigint): Promise<VisibleIds> {
    return this.#session.use(async (session) => {
      const rows = await session.control<VisibleRow>(this.#visibleText(first, last), this.#limits);
      const ids = rows.flatMap(({ id_text: id }) => (id === null ? [] : BigInt(id)));
      const [increment, offset] = [Number(rows[0]?.increment_value ?? 1), Number(rows[0]?.offset_value ?? 1)];
      if (increment > 1) await this.#lookAtView(session);
      return { ids, giving: { increment, offset, view: this.#view.text } };
    });
  }

  /** The view of its cluster is asked for now and then, and only where it says who may give which ids. */
  async #lookAtView(session: Session): Promise<void> {
    if (performance.now() < this.#view.untilMs) return;
    const state = await readNodeState(session, this.#limits);
    this.#view = { text: state.kind === "member" ? state.view : "", untilMs: performance.now() + VIEW_MS };
  }

  /** The lowest id up to this one that has a row on the server, committed or not. */
  async lowestUpTo(last: bigint): Promise<bigint | undefined> {
    const [row] = await this.#session.use((session) => this.#rows(session, `${this.#inRange(1n, last)} limit 1`));
    return row === undefined ? undefined : BigInt(row.id_text);
  }

  /**
   * Waits until the transaction that holds this id ends, at most a second: then it may still be open. Resolves with `not_waited`
   * if that is impossible: without the privilege, or while the connection is needed elsewhere.
   */
  async waitFor(id: bigint): Promise<"committed" | "rolled_back" | "open" | "not_waited"> {
    const sql = `${this.#select} where ${this.#id} = ${id} lock in share mode`;
    try {
      const rows = await this.#session.useLong((session) => this.#rows(session, sql));
      if (rows === undefined) return "not_waited";
      return rows.length > 0 ? "committed" : "rolled_back";
    } catch (error) {
      const meaning = meaningOf(error);
      if (meaning === "lock_timeout" || meaning === "transaction_lost") return "open";
      if (meaning === "no_privilege" || meaning === "read_only") return "not_waited";
      throw error;
    }
  }

  /** What the server says of its cluster. */
  state(): Promise<NodeState> {
    return this.#session.use((session) => readNodeState(session, this.#limits));
  }

  /** An error of this server, as one that says which entry of gaps.probe it is. */
  explained(error: unknown): unknown {
    const { table } = this.#context;
    if (this.#place === undefined) return error;
    const named = `number ${this.#place} of gaps.probe`;
    const meaning = meaningOf(error);
    if (meaning !== "missing_table" && meaning !== "missing_database")
      return tableError(error, { table, activity: `ask ${named} about` });
    const message = `${named} has no table ${table}: each entry must be a pool of the same database, on another of its servers`;
    return new ReflexError("wrong_schema", message, { cause: error, details: { table } });
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

  // Ids stand in the text: to prepare a statement takes a round trip of its own.
  #inRange(first: bigint, last: bigint): string {
    return `${this.#select} where ${this.#id} between ${first} and ${last} order by ${this.#id}`;
  }

  /** It has a row though the table has none there, for what the server says of itself. */
  #visibleText(first: bigint, last: bigint): string {
    const { dialect } = this.database;
    return `select ${dialect.asText(this.#id)} as id_text, @@global.auto_increment_increment as increment_value, @@global.auto_increment_offset as offset_value from (select 1 as one) as o left join ${dialect.quote(this.#context.table)} as t on ${this.#id} between ${first} and ${last}`;
  }

  #rows(session: Session, sql: string): Promise<{ id_text: string }[]> {
    return session.control(sql, this.#limits);
  }

  get #limits(): { timeoutMs: number | undefined } {
    return { timeoutMs: this.#context.config.statementTimeoutMs };
  }
}
