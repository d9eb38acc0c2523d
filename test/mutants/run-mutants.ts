import { leaveOut, moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const rowFits = moduleAt<typeof import("../../src/reflex/row-fits.ts")>("src/reflex/row-fits.ts");
const runMemory = moduleAt<typeof import("../../src/reflex/run-memory.ts")>("src/reflex/run-memory.ts");

const hold = "src/reflex/position-hold.test.ts";
const requests = "src/reflex/run-requests.test.ts";

/** What a run does when its table was changed, and when something is asked of its consumer. */
export const runMutants: readonly Mutant[] = [
  {
    name: "a hold ends by itself on another row",
    wrong: "a consumer that is held goes on as soon as there is some row at its cursor",
    parts: [
      rowFits.replaceExport("rowFits", () => async ({ spec }, { cursor }, signal) => {
        const stream = spec.stream(cursor, { ...spec.options, fromHead: false, signal });
        await stream.start();
        await stream.close();
        return stream.anchor !== undefined;
      }),
    ],
    tests: [testOf(hold, "holds it for as long as another row is at its cursor, however often that changes")],
  },
  {
    name: "a request is obeyed only at the next event",
    wrong: "a run at rest takes no notice of what is asked of its consumer",
    parts: [leaveOut("a request ends the wait for events")],
    tests: [testOf(requests, "is obeyed at rest: the stream is opened anew at the cursor as it then is")],
  },
  {
    name: "the position is not read at the start",
    wrong: "whatever row stands at the cursor is taken for the one that the consumer has passed",
    parts: [
      runMemory.replaceMethod(
        "RunMemory",
        "read",
        (read) =>
          async function (cursors, consumer, options) {
            return { ...(await read.call(this, cursors, consumer, options)), position: undefined };
          },
      ),
    ],
    tests: [
      testOf(
        "src/reflex/run-position.test.ts",
        "rejects with the position fault of another row, and says how to accept the table as it is",
      ),
    ],
  },
];
