import type { Database } from "../../database/database.ts";
import { type AskFree, SLOW_AFTER_MS, slowCalls } from "../../database/sessions/slow-calls.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { Blocker, WaitCause } from "../../reflex/wait-cause.ts";
import type { TableContext } from "../events/table-context.ts";
import type { GapControl } from "./gap-control.ts";
import { GapResolver, type GapServers } from "./gap-resolver.ts";
import { GraceTracker } from "./grace-tracker.ts";
import { NoopInserter } from "./noop-inserter.ts";
import { Probe } from "./probe.ts";
import { isAnswered, ProbeSet } from "./probe-set.ts";
import { WriterOffsets } from "./writer-offsets.ts";

export interface GapResolverFactorySource extends TableContext {
  readonly gaps: GapControl;
  readonly noopProblem: string | undefined;
  readonly notify: () => void;
  /** The number of the connection that the reader reads through. */
  readonly epoch: () => number;
}

/** What one reader resolves its gaps with. It takes connections only while there is a gap. */
export class GapResolverFactory {
  readonly #source: GapResolverFactorySource;
  #declared: Database | undefined;
  #noopInserter: NoopInserter | undefined;
  #probes: ProbeSet | undefined;
  /** What is known of how servers give ids. */
  readonly offsets: WriterOffsets = new WriterOffsets();
  #graces = new GraceTracker();
  #epoch = 0;

  constructor(source: GapResolverFactorySource) {
    this.#source = source;
  }

  make(): GapResolver {
    const { table, gaps, noopProblem, notify, epoch } = this.#source;
    if (this.#epoch !== epoch()) {
      // A server that restarted gives ids anew. What was in flight on an earlier connection proves nothing then.
      this.#epoch = epoch();
      this.#graces = new GraceTracker();
    }
    const servers = (): GapServers => this.#servers();
    const { offsets } = this;
    return new GapResolver({ table, gaps, noopProblem, servers, graces: this.#graces, offsets, onInserted: notify });
  }

  /**
   * The highest position up to this one that lies below every row which a transaction has inserted and not committed.
   */
  async belowOpenRows(position: bigint): Promise<bigint> {
    await this.#knowPrimary();
    const answers = await this.#servers().probes.ask((probe) => probe.lowestUpTo(position));
    if (!isAnswered(answers)) throw answers.error;
    const open = answers.flatMap(({ value }) => value ?? []);
    return open.reduce((lowest, id) => (id - 1n < lowest ? id - 1n : lowest), position);
  }

  /** Why a step at a gap takes long; undefined if nothing is in its way. `askFree` asks the server that streams read from. */
  async whySlow(askFree: AskFree): Promise<WaitCause | undefined> {
    const { probes, noopInserter } = this.#servers();
    const before = performance.now() - SLOW_AFTER_MS;
    for (const worker of [...probes.answering, noopInserter]) {
      const calls = worker.callsBefore(before);
      const cause = await slowCalls(worker.database).why(calls, this.#askFreeOf(worker.database, askFree));
      if (cause !== undefined) return cause;
    }
    return undefined;
  }

  /** Who has inserted the row that a step waits for, and keeps its transaction open; undefined if no server tells. */
  async blocker(askFree: AskFree): Promise<Blocker | undefined> {
    for (const probe of this.#servers().probes.answering) {
      const blocker = await probe.blocker(this.#askFreeOf(probe.database, askFree));
      if (blocker !== undefined) return blocker;
    }
    return undefined;
  }

  /** @throws ReflexError `database_error` if the primary has to be found, and can't be now */
  async #knowPrimary(): Promise<void> {
    const missing = await this.#source.gaps.finder?.seek();
    if (missing === undefined) return;
    const cause = Object.assign(new Error(missing.message), { code: "ETIMEDOUT" });
    throw new ReflexError("database_error", missing.message, { cause });
  }

  #askFreeOf({ identity }: Database, askFree: AskFree): AskFree | undefined {
    return identity === this.#source.database.identity ? askFree : undefined;
  }

  close(): void {
    this.#noopInserter?.close();
    this.#probes?.close();
  }

  /**
   * The servers, made anew when `fillGaps` has named the primary, even if that is the server that streams read from.
   */
  #servers(): GapServers {
    const { database, gaps } = this.#source;
    if (this.#noopInserter === undefined || this.#probes === undefined || this.#declared !== gaps.primary) {
      this.close();
      this.#declared = gaps.primary;
      const primary = gaps.primary ?? database;
      const { noopValues, probe = [primary] } = gaps.config;
      const declared = gaps.primary !== undefined;
      this.#noopInserter = new NoopInserter({ ...this.#source, database: primary, declared, noopValues });
      this.#probes = this.#probesOf(probe, primary);
    }
    return { noopInserter: this.#noopInserter, probes: this.#probes };
  }

  #probesOf(servers: readonly Database[], primary: Database): ProbeSet {
    const made = new Map<object, Probe>();
    const isNamed = this.#source.gaps.config.probe !== undefined;
    const probeOf = (database: Database, place?: number): Probe => {
      const probe = made.get(database.identity) ?? new Probe({ ...this.#source, database }, place);
      made.set(database.identity, probe);
      return probe;
    };
    // A server that is named twice is asked once.
    const probes = [...new Set(servers.map((server, index) => probeOf(server, isNamed ? index + 1 : undefined)))];
    return new ProbeSet({ probes, reader: probeOf(this.#source.database), primary: probeOf(primary) });
  }
}
