import { ReflexError } from "../../errors/reflex-error.ts";
import { noopEventType, type ReflexEvent } from "../../reflex/event.ts";
import { isNoopOf } from "../events/event-row.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";

export interface PassRules {
  readonly table: string;
  readonly config: Pick<EventsTableConfig, "includeNoops" | "types" | "onUnknownType" | "noopForeignId">;
  /** The last id that is wanted; undefined for a stream without end. */
  readonly target: bigint | undefined;
  readonly leaveOut: ReadonlySet<bigint>;
}

export interface Passed<T extends number> {
  /** The events that the stream delivers. */
  readonly events: readonly ReflexEvent<T>[];
  /** The last event passed; undefined if none was. */
  readonly last: ReflexEvent | undefined;
  /** Why the stream can't pass the very first event; undefined while there are events before one that it can't pass. */
  readonly error: ReflexError | undefined;
}

/** Which of the events that follow a stream's position it passes, and which of those it delivers. */
export function passEvents<T extends number>(following: readonly ReflexEvent[], rules: PassRules): Passed<T> {
  const { target, leaveOut, config } = rules;
  if (passesAll(following, rules)) {
    return { events: following as readonly ReflexEvent<T>[], last: following.at(-1), error: undefined };
  }
  const events: ReflexEvent<T>[] = [];
  let last: ReflexEvent | undefined;
  for (const event of following) {
    if (target !== undefined && BigInt(event.id) > target) break;
    const noop = isNoopOf(event, config);
    if (!noop && isUnknown(event, config)) {
      return { events, last, error: last === undefined ? unknownType(event, rules.table) : undefined };
    }
    last = event;
    if (noop && !config.includeNoops) continue;
    if (leaveOut.size > 0 && leaveOut.has(BigInt(event.id))) continue;
    // The option `types` is the user's promise about the table. With `onUnknownType: "error"` it is checked above.
    events.push(event as ReflexEvent<T>);
  }
  return { events, last, error: undefined };
}

/** Whether every event is delivered, as of most pages: then no rule needs to be asked for each event. */
function passesAll(following: readonly ReflexEvent[], { target, leaveOut, config }: PassRules): boolean {
  const last = following.at(-1);
  if (last === undefined || leaveOut.size > 0 || config.onUnknownType === "error") return false;
  if (target !== undefined && BigInt(last.id) > target) return false;
  if (config.includeNoops) return true;
  for (const { type } of following) if (type === noopEventType) return false;
  return true;
}

function isUnknown(event: ReflexEvent, config: PassRules["config"]): boolean {
  return config.onUnknownType === "error" && config.types?.has(event.type) === false;
}

function unknownType(event: ReflexEvent, table: string): ReflexError {
  return new ReflexError(
    "unknown_event_type",
    `event ${event.id} of ${table} has type ${event.type}, which is not among the option types; add it, or set onUnknownType to "deliver"`,
    { details: { table, eventId: event.id, type: event.type } },
  );
}
