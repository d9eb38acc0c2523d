import type { Variant } from "../tools/variants/variant.ts";
import { leaveOut, moduleAt, replacePlace } from "../tools/variants/variant.ts";

const batch = moduleAt<typeof import("../src/tables/pages/batch.ts")>("src/tables/pages/batch.ts");
const bufferedCursors = moduleAt<typeof import("../src/tables/cursors/buffered-cursors.ts")>(
  "src/tables/cursors/buffered-cursors.ts",
);
const deadlines = moduleAt<typeof import("../src/waiting/deadlines.ts")>("src/waiting/deadlines.ts");
const eventRow = moduleAt<typeof import("../src/tables/events/id-text.ts")>("src/tables/events/id-text.ts");
const pagedStream = moduleAt<typeof import("../src/reflex/paged-stream.ts")>("src/reflex/paged-stream.ts");

const timers = new WeakMap<object, NodeJS.Timeout>();

/** What the library does without one of its optimisations. */
export type LeftOut =
  | "pages are kept by the promises that brought them"
  | "run waits for a cursor that is held back"
  | "run reads event by event"
  | "texts of ids are String's"
  | "each statement starts and clears a timer"
  | "the page after the next is not asked for"
  | "the next page is asked for once events are made";

/** The library without one of its optimisations, each by a name that says what it does instead. */
export const leftOut: readonly (Variant & { readonly name: LeftOut })[] = [
  {
    name: "pages are kept by the promises that brought them",
    parts: [
      leaveOut("a page lets go of its rows"),
      replacePlace("a batch lets go of its events", () => false),
      leaveOut("a stream lets go of its page"),
      leaveOut("run lets go of its batch"),
    ],
  },
  {
    name: "run waits for a cursor that is held back",
    parts: [
      bufferedCursors.replaceMethod(
        "BufferedCursors",
        "setCursor",
        (setCursor) =>
          function (consumer, cursor, options) {
            return setCursor.call(this, consumer, cursor, options).then(() => undefined);
          },
      ),
    ],
  },
  {
    name: "run reads event by event",
    parts: [pagedStream.replaceExport("isPaged", () => () => false)],
  },
  {
    name: "texts of ids are String's",
    parts: [eventRow.replaceExport("idText", () => (id) => String(id))],
  },
  {
    name: "each statement starts and clears a timer",
    parts: [
      deadlines.replaceMethod(
        "Deadlines",
        "add",
        () =>
          function (deadline, nowMs) {
            timers.set(
              deadline,
              setTimeout(() => deadline.expire(), deadline.atMs - nowMs),
            );
          },
      ),
      deadlines.replaceMethod(
        "Deadlines",
        "delete",
        () =>
          function (deadline) {
            clearTimeout(timers.get(deadline));
            return true;
          },
      ),
    ],
  },
  {
    name: "the page after the next is not asked for",
    parts: [replacePlace("the page after the next is asked for", () => false)],
  },
  {
    name: "the next page is asked for once events are made",
    parts: [batch.replaceExport("gaplessPage", () => () => undefined)],
  },
];
