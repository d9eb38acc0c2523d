import type { Pool } from "mysql2/promise";
import type { ConsumerProcess } from "./consumer-process.ts";
import { resetAsAPerson } from "./person.ts";
import type { Stage } from "./stage.ts";

// A fault is confirmed for 5 s before it is told, and a process that starts may have to wait for its server before that.
const HELD_WITHIN_MS = 45_000;
// A run that is held looks again every 3 s: one that goes on by itself does so within this time.
const HELD_FOR_MS = 8000;

/** A history of the events table that is not the one which consumers have read. */
export interface OtherHistory {
  readonly consumers: readonly ConsumerProcess[];
  /** What the foreign ids of its own events begin with. */
  readonly tag: string;
  /** The last id that it shares with the one before it; "start" if there is none. */
  readonly common: string;
  /** Where the cursors are. */
  readonly cursors: Pool;
}

/** Waits until all consumers hold, has more written meanwhile, and then does what the runbook tells a person to do. */
export async function untilHeldThenReset(stage: Stage, other: OtherHistory): Promise<void> {
  const { consumers, tag } = other;
  const goneOn = (): boolean =>
    consumers.some(({ delivered }) => delivered.some(({ foreignId }) => foreignId.startsWith(tag)));
  const held = await stage.reaches(
    "all consumers hold",
    () => goneOn() || consumers.every((consumer) => consumer.held),
    HELD_WITHIN_MS,
  );
  if (held && !goneOn()) await stage.reaches("a consumer that goes on by itself", goneOn, HELD_FOR_MS);
  if (goneOn()) stage.noteHeld("went on");
  else stage.noteHeld(held && consumers.every((consumer) => consumer.held) ? "yes" : "no");
  await resetHeld(stage, other);
}

/** As {@link untilHeldThenReset}, for consumers that can also go on rightly: those that hold are set back. */
export async function untilHeldOrDoneThenReset(stage: Stage, other: OtherHistory, rows: Pool): Promise<void> {
  const ids = (await stage.rows(rows)).map(({ foreignId }) => foreignId);
  const isDone = ({ seen }: ConsumerProcess): boolean => ids.every((foreignId) => seen.has(foreignId));
  await stage.reaches(
    "consumers that hold or are done",
    () => other.consumers.every((each) => each.held || isDone(each)),
    HELD_WITHIN_MS,
  );
  stage.noteHeld(other.consumers.some(({ held }) => held) ? "yes" : "not needed");
  await resetHeld(stage, other);
}

// Of one that does not hold nobody knows that there is something to be done.
async function resetHeld(stage: Stage, { consumers, common, cursors }: OtherHistory): Promise<void> {
  const holding = consumers.filter(({ held }) => held);
  for (const { name } of holding) await resetAsAPerson(stage, { consumer: name, to: common, cursors });
  await stage.until("the consumers go on after the reset", () => holding.every(({ held }) => !held));
}
