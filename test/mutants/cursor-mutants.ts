import type { Consumer } from "../../src/reflex/consumer.ts";
import type { CursorStore } from "../../src/reflex/cursor-store.ts";
import type { RunOptions } from "../../src/reflex/run-options.ts";
import type { Spec } from "../../src/reflex/spec.ts";
import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const cursorStatements = moduleAt<typeof import("../../src/tables/cursors/cursor-statements.ts")>(
  "src/tables/cursors/cursor-statements.ts",
);
const runOnce = moduleAt<typeof import("../../src/reflex/run-once.ts")>("src/reflex/run-once.ts");

const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const runTests = "src/reflex/run.test.ts";

/** What a run is given besides what it puts together. */
type Others = [options: RunOptions, onAdvanced?: () => void];

/** How a consumer's cursor is kept. */
export const cursorMutants: readonly Mutant[] = [
  {
    name: "cursor before the event",
    wrong: "the cursor is past an event before the consumer is done with it, which a crash then loses",
    parts: [
      runOnce.replaceExport(
        "RunOnce",
        (RunOnce) =>
          class<T extends number> extends RunOnce<T> {
            constructor(spec: Spec<T>, ...others: Others) {
              const { consumer, cursors } = spec;
              const consume: Consumer<T>["consume"] = async (event, context) => {
                await cursors.setCursor(consumer.name, event.id, { event });
                await consumer.consume(event, context);
              };
              const setCursor: CursorStore["setCursor"] = (name, cursor, options) =>
                options?.event === undefined ? cursors.setCursor(name, cursor, options) : Promise.resolve();
              super({ ...spec, consumer: { ...consumer, consume }, cursors: { ...cursors, setCursor } }, ...others);
            }
          },
      ),
    ],
    tests: [
      testOf(runTests, "consumes one event at a time, and only then sets its cursor"),
      testOf(runTests, "gets the same event again in the next run"),
    ],
  },
  {
    name: "the start is not kept",
    wrong: "a run that ends before its first event starts at another place the next time",
    parts: [
      runOnce.replaceExport(
        "RunOnce",
        (RunOnce) =>
          class<T extends number> extends RunOnce<T> {
            constructor(spec: Spec<T>, ...others: Others) {
              const { cursors } = spec;
              const setCursor: CursorStore["setCursor"] = (consumer, cursor, options) =>
                options?.event === undefined ? Promise.resolve() : cursors.setCursor(consumer, cursor, options);
              super({ ...spec, cursors: { ...cursors, setCursor } }, ...others);
            }
          },
      ),
    ],
    tests: [
      testOf("src/reflex/run-start.test.ts", "starts at the first event, and has a cursor from then on"),
      testOf(fromHead, "loses nothing when a run restarts before its first event"),
    ],
  },
  {
    name: "cursors written unseen",
    wrong: "a flush overwrites a cursor that someone else has moved since",
    parts: [
      cursorStatements.replaceMethod(
        "CursorStatements",
        "move",
        (move) =>
          function (moves) {
            const { sql, params } = move.call(this, moves);
            return { sql: sql.replaceAll(" and ", " or 1 = 0 and "), params };
          },
      ),
    ],
    tests: [testOf("src/tables/cursors/cursors-table.database.test.ts", "a cursor that someone else moved is kept")],
  },
];
