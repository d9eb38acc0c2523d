import type { Consumer } from "../../src/reflex/consumer.ts";
import type { CursorStore } from "../../src/reflex/cursor-store.ts";
import type { RunOptions } from "../../src/reflex/run-options.ts";
import type { RunParts } from "../../src/reflex/run-parts.ts";
import type { Spec } from "../../src/reflex/spec.ts";
import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const cursorStatements = moduleAt<typeof import("../../src/tables/cursors/cursor-statements.ts")>(
  "src/tables/cursors/cursor-statements.ts",
);
const runOnce = moduleAt<typeof import("../../src/reflex/run-once.ts")>("src/reflex/run-once.ts");

const controlDocument = moduleAt<typeof import("../../src/tables/requests/control-document.ts")>(
  "src/tables/requests/control-document.ts",
);
const cursorSuspicion = moduleAt<typeof import("../../src/tables/cursors/cursor-suspicion.ts")>(
  "src/tables/cursors/cursor-suspicion.ts",
);
const cursorWatches = moduleAt<typeof import("../../src/tables/cursors/cursor-watches.ts")>(
  "src/tables/cursors/cursor-watches.ts",
);
const cursorEntry = moduleAt<typeof import("../../src/tables/cursors/cursor-entry.ts")>(
  "src/tables/cursors/cursor-entry.ts",
);
const callWatch = moduleAt<typeof import("../../src/database/sessions/call-watch.ts")>(
  "src/database/sessions/call-watch.ts",
);

const looks = "src/tables/cursors/cursor-looks.database.test.ts";
const fromHead = "test/guarantees/starts/from-head.mysql.test.ts";
const runTests = "src/reflex/run.test.ts";

/** What a run is given besides what it puts together. */
type Others = [options: RunOptions, parts: RunParts];

/** How a consumer's cursor is kept. */
export const cursorMutants: readonly Mutant[] = [
  {
    name: "writes cursors in silence",
    wrong: "nobody is told of held-back cursors that can't be written, nor of looks for requests that hang",
    parts: [callWatch.replaceMethod("CallWatch", "duringTry", () => (_what, work) => work)],
    tests: [
      testOf("test/guarantees/waits-are-told/cursors.mysql.test.ts", "a lock on the consumer's row, and whose it is"),
    ],
  },
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
                // Only the start is written under the signal of the run.
                options?.signal === undefined ? cursors.setCursor(consumer, cursor, options) : Promise.resolve();
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
  {
    name: "a rival is told to the next event only",
    wrong: "a run at rest does not learn that its cursor was moved by someone else, and waits for ever",
    parts: [cursorWatches.replaceMethod("CursorWatches", "lost", () => () => false)],
    tests: [testOf(looks, "a flush that loses against someone else is told at rest")],
  },
  {
    name: "one look accuses",
    wrong: "a node of a cluster that is a moment behind ends runs",
    parts: [cursorSuspicion.replaceExport("isSeenAgain", () => () => true)],
    tests: [testOf(looks, "accuses nobody by one look that shows an older cursor")],
  },
  {
    name: "an answer to a request that was replaced",
    wrong: "a run obeys a request that it has not seen, and the cursor goes elsewhere",
    parts: [
      controlDocument.replaceExport(
        "standing",
        () =>
          ({ ask }) =>
            ask,
      ),
    ],
    tests: [testOf("src/tables/cursors/cursor-requests.database.test.ts", "that was replaced is not obeyed")],
  },
  {
    name: "the position of the first event for good",
    wrong: "a position is kept with a cursor that has moved on without its event, so that a start accuses the table",
    parts: [
      cursorEntry.replaceExport(
        "PendingCursor",
        (PendingCursor) =>
          class extends PendingCursor {
            override get position(): string | undefined {
              return super.position?.replace(/^\d+/, "1");
            }
          },
      ),
    ],
    tests: [testOf("src/tables/cursors/cursor-positions.database.test.ts", "is that of the event with which")],
  },
];
