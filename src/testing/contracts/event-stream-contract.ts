import { aDuration, checkOptions } from "../../options/check-options.ts";
import { defaultPatienceMs } from "../tables/assertions.ts";
import { type ContractCase, type ContractOptions, runCase, subjectMaker } from "./contract-case.ts";
import { deliveryRules } from "./event-stream-delivery.ts";
import { endRules } from "./event-stream-ends.ts";
import { EventStreamScene, type EventStreamSubject } from "./event-stream-scene.ts";
import { startRules } from "./event-stream-starts.ts";

/**
 * What every `StreamFunc` promises, as cases for any test runner: order, resuming, `toHead`, `fromHead`, `lagMs`, one
 * reader, aborting, closing, positions, batches. For streams of your own, such as one over a network or one that filters.
 *
 * Each case calls `makeSubject` once and gets an empty source of its own, for example a new table. Its streams are closed
 * after it, then its subject is disposed of; what it inserted remains.
 * @example
 * // vitest, node:test or any other runner
 * const cases = eventStreamContract(async () => {
 *   const table = new EventsTable(`events_${randomUUID()}`);
 *   await createTables(pool, [table]);
 *   const toEvent = (foreignId: string) => ({ foreignId, type: 1 });
 *   return { stream: table.toStream(pool), insert: (ids) => table.insertMany(pool, ids.map(toEvent)) };
 * });
 * for (const { name, run } of cases) test(name, run);
 */
export function eventStreamContract(
  makeSubject: () => EventStreamSubject | Promise<EventStreamSubject>,
  options: ContractOptions = {},
): readonly ContractCase[] {
  const { patienceMs = defaultPatienceMs } = checkOptions<ContractOptions>("eventStreamContract", options, {
    patienceMs: aDuration,
  });
  const makeChecked = subjectMaker("eventStreamContract", makeSubject, ["stream", "insert"]);
  const make = async (): Promise<EventStreamScene> => new EventStreamScene(await makeChecked(), patienceMs);
  return Object.entries({ ...deliveryRules, ...startRules, ...endRules }).map(([name, check]) => ({
    name,
    run: () => runCase(make, check),
  }));
}
