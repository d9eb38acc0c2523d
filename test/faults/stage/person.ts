import type { Pool } from "mysql2/promise";
import type { Stage } from "./stage.ts";

/** Where a person has a consumer go on. */
export interface Reset {
  readonly consumer: string;
  /** After the event of this id, or "start". */
  readonly to: string;
  readonly cursors: Pool;
}

type Way = (stage: Stage, reset: Reset) => Promise<unknown>;

// All that the runbook of docs/guarantees.md knows.
const ways: readonly Way[] = [
  async (stage, { consumer, to, cursors }) =>
    stage.cursors.reset(cursors, consumer, { to, ...eventsOf(stage), force: true }),
  async (stage, { consumer, to, cursors }) => stage.cursors.reset(cursors, consumer, { to, ...eventsOf(stage) }),
  async (_stage, { consumer, to, cursors }) => {
    const id = to === "start" ? "0" : to;
    await cursors.query(
      "update cursors set last_event_id = ?, position = null, updated_at = utc_timestamp(6) where id = ?",
      [id, consumer],
    );
  },
];

/** Sets a consumer back in one of the ways of the runbook, by chance. */
export async function resetAsAPerson(stage: Stage, reset: Reset): Promise<void> {
  const [way] = stage.shuffled(ways);
  await way?.(stage, reset);
}

function eventsOf(stage: Stage): { events: Stage["events"]; eventsDb?: Pool } {
  return stage.pool === undefined ? { events: stage.events } : { events: stage.events, eventsDb: stage.pool };
}
