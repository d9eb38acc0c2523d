import { PageReader } from "../pages/page-reader.ts";
import { judge, judgeWithoutAnchor, type Position, type PositionFaultCode } from "../position/position.ts";
import type { ReaderContext } from "./reader-context.ts";

/** Confirms a position fault before it ends a stream: a replica that lags shows the same. */
export class FaultConfirmation {
  readonly #context: ReaderContext;
  #since: { readonly code: PositionFaultCode; readonly at: number } | undefined;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  /** What to make of the doubt that a poll raised. Any other doubt before it starts the wait anew. */
  async consider(code: PositionFaultCode, position: Position): Promise<"confirmed" | "unclear" | "lagging"> {
    const { gaps, database, config } = this.#context;
    if (this.#since?.code !== code) this.#since = { code, at: performance.now() };
    if (gaps.primary !== undefined && gaps.primary.identity !== database.identity) {
      return (await this.#primarySays(code, position)) ? "confirmed" : "lagging";
    }
    return performance.now() - this.#since.at >= config.confirmMs ? "confirmed" : "unclear";
  }

  /** A poll raised no doubt. */
  clear(): void {
    this.#since = undefined;
  }

  async #primarySays(code: PositionFaultCode, position: Position): Promise<boolean> {
    const { gaps, database, table, config, reporting } = this.#context;
    const primary = new PageReader({ table, config, reporting, database: gaps.primary ?? database });
    try {
      const events = (await primary.read(position.id, 2)).takeEvents();
      const verdict = judge(position, events, true);
      const judged =
        verdict.kind === "no_anchor" ? judgeWithoutAnchor(position, events, await primary.readEdges()) : verdict;
      return judged.kind === "suspected_fault" && judged.code === code;
    } finally {
      primary.close();
    }
  }
}
