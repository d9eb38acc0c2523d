import type { ReflexEvent } from "../../reflex/event.ts";
import type { PositionFaultCode } from "../../reflex/position-fault-code.ts";
import { contiguous, type GapRange } from "./missing-ids.ts";
import { fitsPosition, type Position } from "./position.ts";

/** Where a table begins and ends. */
export interface TableEdges {
  /** The lowest committed id; undefined in an empty table. */
  readonly lowest: bigint | undefined;
  /** The highest committed id; undefined in an empty table. */
  readonly highest: bigint | undefined;
  /** The id that the next insert gets; undefined if the server does not tell. */
  readonly nextId: bigint | undefined;
}

/** The table that was polled, as far as the meaning of a poll depends on it. */
export interface PolledTable {
  /** Whether a row may still appear below a committed one. If not, what is missing between rows was deleted. */
  readonly gapsCanClose: boolean;
  /** Asked only when the row at the position is missing. */
  readonly readEdges: () => Promise<TableEdges>;
}

/** What a poll at a position means. */
export type Verdict =
  /** Events that follow the position. */
  | { readonly kind: "rows"; readonly events: readonly ReflexEvent[] }
  | { readonly kind: "head" }
  | {
      readonly kind: "gap";
      readonly gap: GapRange;
      /** The events above the gap, between which there may be further gaps. */
      readonly beyond: readonly ReflexEvent[];
      /** Whether the row at the position is there. */
      readonly anchored: boolean;
    }
  /** The table seems not to be the one that the position is of: to be confirmed, since a replica that lags looks alike. */
  | {
      readonly kind: "suspected_fault";
      readonly code: PositionFaultCode;
      /** The table's first row beyond the position, where those before it seem pruned. */
      readonly firstId: bigint | undefined;
    };

/** What a poll means that gave these events: those with `id >= position.id`, ascending. */
export async function judgePoll(
  position: Position,
  events: readonly ReflexEvent[],
  { gapsCanClose, readEdges }: PolledTable,
): Promise<Verdict> {
  const following = { position, gapsCanClose, anchored: false };
  const [first] = events;
  if (position.id === 0n) return judgeFollowing(events, following);
  if (first === undefined || BigInt(first.id) !== position.id) {
    if (position.floor === true) return judgeFollowing(events, following);
    return judgeWithoutAnchor(position, events, await readEdges());
  }
  if (!fitsPosition(first, position)) return suspected("history_rewritten");
  return judgeFollowing(events.slice(1), { ...following, anchored: true });
}

/** What it means that the row at the position is missing. */
function judgeWithoutAnchor(position: Position, events: readonly ReflexEvent[], edges: TableEdges): Verdict {
  const { lowest, nextId } = edges;
  const [first] = events;
  if (lowest === undefined) {
    // An empty table whose counter is beyond the position: every row was consumed and pruned. TRUNCATE resets the counter.
    const pruned = nextId !== undefined && nextId > position.id;
    return pruned ? { kind: "head" } : suspected("cursor_ahead");
  }
  if (first === undefined) return suspected("cursor_ahead");
  if (lowest < position.id) return suspected("cursor_row_missing");
  const firstId = BigInt(first.id);
  if (firstId > position.id + 1n) return suspected("history_pruned", firstId);
  return judgeFollowing(events, { position, gapsCanClose: true, anchored: false });
}

interface FollowingRules {
  readonly position: Position;
  readonly gapsCanClose: boolean;
  readonly anchored: boolean;
}

/** What events beyond the position mean, once it is clear that the position is of this table. */
function judgeFollowing(events: readonly ReflexEvent[], { position, gapsCanClose, anchored }: FollowingRules): Verdict {
  if (events.length === 0) return { kind: "head" };
  if (!gapsCanClose) return { kind: "rows", events };
  const { count, gap } = contiguous(position.id, events);
  if (count > 0) return { kind: "rows", events: count === events.length ? events : events.slice(0, count) };
  return gap === undefined ? { kind: "head" } : { kind: "gap", gap, beyond: events, anchored };
}

function suspected(code: PositionFaultCode, firstId?: bigint): Verdict {
  return { kind: "suspected_fault", code, firstId };
}
