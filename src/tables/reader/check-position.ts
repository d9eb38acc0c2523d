import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { judge, judgeWithoutAnchor, type Position, positionFault, type Verdict } from "../position/position.ts";
import { FaultConfirmation } from "./fault-confirmation.ts";
import type { ReaderContext } from "./reader-context.ts";
import { retried } from "./retried.ts";

const LOOK_AGAIN_MS = 50;

/** Resolves if a stream may be at this position. @throws the position fault if there is one and it is confirmed */
export async function checkPosition(context: ReaderContext, position: Position, signal: AbortSignal): Promise<void> {
  const { reporting, table } = context;
  const confirmation = new FaultConfirmation(context);
  for (;;) {
    const work = (): Promise<Verdict> => withTimeLimit(look(context, position), { signal, what: "a read" });
    const verdict = await retried(work, { signal, reporting, table });
    if (verdict.kind !== "suspected_fault") return;
    if (
      (await withTimeLimit(confirmation.consider(verdict.code, position), { signal, what: "a read" })) === "confirmed"
    ) {
      context.onFault();
      throw positionFault(verdict.code, { table, position, firstId: verdict.firstId });
    }
    await sleep(LOOK_AGAIN_MS, { signal });
  }
}

async function look({ pages, database }: ReaderContext, position: Position): Promise<Verdict> {
  const events = (await pages.read(position.id, 2)).takeEvents();
  const verdict = judge(position, events, database.dialect.gapsCanClose);
  return verdict.kind === "no_anchor" ? judgeWithoutAnchor(position, events, await pages.readEdges()) : verdict;
}
