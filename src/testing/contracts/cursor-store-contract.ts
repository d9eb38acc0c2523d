import { aDuration, checkOptions, oneOf } from "../../options/check-options.ts";
import type { CursorType } from "../../tables/cursors/cursor-type.ts";
import { defaultPatienceMs } from "../tables/assertions.ts";
import { type ContractCase, type ContractOptions, runCase, subjectMaker } from "./contract-case.ts";
import { positionRules } from "./cursor-position-rules.ts";
import { consumerRules, cursorRules, intRules, stringRules } from "./cursor-store-rules.ts";
import { CursorStoreScene, type CursorStoreSubject } from "./cursor-store-scene.ts";

/** How a store under test compares cursors, and how the cases wait. */
export interface CursorStoreContractOptions extends ContractOptions {
  /** Whether the store compares cursors as numbers or as text. @defaultValue "int" */
  cursorType?: CursorType | undefined;
}

/**
 * What every `CursorStore` promises, as cases for any test runner: cursors that only advance, flushing, exact and
 * independent consumers, what happens when two stores move one cursor, aborting; and positions, for a store that has
 * `getPosition`. For stores of your own.
 *
 * Each case calls `makeSubject` once and gets empty cursors of its own, for example a new table.
 * @example
 * // vitest, node:test or any other runner
 * const cases = cursorStoreContract(async () => {
 *   const table = new CursorsTable(`cursors_${randomUUID()}`);
 *   await createTables(pool, [table]);
 *   return { open: () => table.clone().toStore(pool) };
 * });
 * for (const { name, run } of cases) test(name, run);
 */
export function cursorStoreContract(
  makeSubject: () => CursorStoreSubject | Promise<CursorStoreSubject>,
  options: CursorStoreContractOptions = {},
): readonly ContractCase[] {
  const checked = checkOptions<CursorStoreContractOptions>("cursorStoreContract", options, {
    patienceMs: aDuration,
    cursorType: oneOf("int", "string"),
  });
  const { patienceMs = defaultPatienceMs, cursorType = "int" } = checked;
  const makeChecked = subjectMaker("cursorStoreContract", makeSubject, ["open"]);
  const make = async (): Promise<CursorStoreScene> => new CursorStoreScene(await makeChecked(), patienceMs);
  const rules = {
    ...cursorRules,
    ...(cursorType === "int" ? intRules : stringRules),
    ...consumerRules,
    ...positionRules,
  };
  return Object.entries(rules).map(([name, check]) => ({ name, run: () => runCase(make, check) }));
}
