import type { Database } from "../../database/database.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { GapControl } from "./gap-control.ts";
import { HoleResolver, type HoleServers } from "./gap-resolver.ts";
import { Planter } from "./noop-inserter.ts";
import { Probe } from "./probe.ts";
import { Ripening } from "./grace-tracker.ts";

export interface HoleToolsSource {
  readonly table: string;
  readonly config: EventsTableConfig;
  readonly database: Database;
  readonly gaps: GapControl;
  readonly noopProblem: string | undefined;
  readonly notify: () => void;
  /** Counts the reader's connections. */
  readonly epoch: () => number;
}

/** What one reader resolves its holes with. Connections are taken only while there is a hole. */
export class HoleTools {
  readonly #source: HoleToolsSource;
  #declared: Database | undefined;
  #planter: Planter | undefined;
  #probes: Probe[] = [];
  #ripening = new Ripening();
  #epoch = 0;

  constructor(source: HoleToolsSource) {
    this.#source = source;
  }

  makeResolver(): HoleResolver {
    const { table, gaps, noopProblem, notify, epoch } = this.#source;
    if (this.#epoch !== epoch()) {
      // A server that restarted gives ids anew: what was in flight before proves nothing.
      this.#epoch = epoch();
      this.#ripening = new Ripening();
    }
    const servers = (): HoleServers => this.#servers();
    return new HoleResolver({ table, gaps, noopProblem, servers, ripening: this.#ripening, onPlanted: notify });
  }

  /** As far as `position`, but below any row there that a transaction has inserted and not committed. */
  async belowOpenRows(position: bigint): Promise<bigint> {
    const found = await Promise.all(this.#servers().probes.map((probe) => probe.lowestUpTo(position)));
    const open = found.filter((id) => id !== undefined);
    return open.reduce((lowest, id) => (id - 1n < lowest ? id - 1n : lowest), position);
  }

  close(): void {
    this.#planter?.close();
    for (const probe of this.#probes) probe.close();
  }

  /** Made anew when `fillGaps` has named the primary, even if it is the server that streams read from. */
  #servers(): HoleServers {
    const { table, config, database, gaps } = this.#source;
    if (this.#planter === undefined || this.#declared !== gaps.primary) {
      this.close();
      this.#declared = gaps.primary;
      const primary = gaps.primary ?? database;
      const { noopValues, probe = [primary] } = gaps.config;
      const declared = gaps.primary !== undefined;
      this.#planter = new Planter({ table, config, database: primary, declared, noopValues });
      this.#probes = probe.map((server) => new Probe({ table, config, database: server }));
    }
    return { planter: this.#planter, probes: this.#probes };
  }
}
