import { leaveOut, moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const runWatch = moduleAt<typeof import("../../src/reflex/run-watch.ts")>("src/reflex/run-watch.ts");
const retryWaits = moduleAt<typeof import("../../src/reflex/retry-waits.ts")>("src/reflex/retry-waits.ts");
const outages = moduleAt<typeof import("../../src/reflex/outage-telling.ts")>("src/reflex/outage-telling.ts");
const activity = moduleAt<typeof import("../../src/reflex/consumer-activity.ts")>("src/reflex/consumer-activity.ts");

const watchTests = "src/reflex/run-watch.test.ts";

/** What a run does when it waits, and when its consumer does not end. */
export const runWaitMutants: readonly Mutant[] = [
  {
    name: "a run looks at nothing",
    wrong: "a run that waits for its cursor, its stream or a drained pool says nothing",
    parts: [runWatch.replaceMethod("RunWatch", "look", () => () => undefined)],
    tests: [
      testOf(watchTests, "is told within 5 s, and what is waited for, though nobody can say why; and its end"),
      testOf("test/guarantees/waits-are-told/runs.mysql.test.ts", "for its first cursor to be written"),
    ],
  },
  {
    name: "work that took too long counts when it ends without an error",
    wrong: "the cursor passes an event whose work was ended by the abort of its signal",
    parts: [leaveOut("work that took too long moves no cursor")],
    tests: [
      testOf(
        "src/reflex/handling-timeout.test.ts",
        "tells the consumer by its signal, waits for it, and leaves the cursor before the event however it ends",
      ),
    ],
  },
  {
    name: "the wait for a server that refuses connections doubles",
    wrong: "a run is back long after its server",
    parts: [
      retryWaits.replaceMethod(
        "RetryWaits",
        "after",
        (after) =>
          function (error) {
            return after.call(this, error, Number.POSITIVE_INFINITY);
          },
      ),
    ],
    tests: [
      testOf(
        "test/guarantees/waits-are-told/outages.mysql.test.ts",
        "a run of runForever tries often while its server refuses connections, and goes on once it is back",
      ),
    ],
  },
  {
    name: "a run goes on after an event that failed as soon as its stream is open",
    wrong: "a consumer that fails at its event again and again says each time that it runs again",
    parts: [
      outages.replaceMethod(
        "OutageTelling",
        "streams",
        (streams) =>
          function () {
            streams.call(this);
            this.goesOn();
          },
      ),
    ],
    tests: [
      testOf(
        "src/reflex/run-outage.test.ts",
        "a run says that it runs again once its cursor has moved past the event that failed, with the count",
      ),
    ],
  },
  {
    name: "a consumer is late until a younger event comes",
    wrong: "a consumer counts as late for ever after one late event",
    parts: [activity.replaceMethod("ConsumerActivity", "caughtUp", () => () => undefined)],
    tests: [testOf(watchTests, "is late no more once the stream has caught up")],
  },
];
