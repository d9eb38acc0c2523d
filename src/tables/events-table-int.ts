import { ReflexError } from "../errors/reflex-error.ts";
import { showKind } from "../errors/show.ts";
import type { EventsTableOptions } from "./events/events-table-options.ts";
import { EventsTableBase } from "./events-table-base.ts";

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/**
 * An events table whose foreign ids are integers, such as the primary keys of another table: numbers up to 2^53-1 or
 * bigints up to 2^63-1. Events carry them as decimal text; `foreignIdInt(event)` gives the bigint. Otherwise as
 * {@link EventsTable}.
 */
export class EventsTableInt<T extends number = number> extends EventsTableBase<T, number | bigint> {
  constructor(name: string, options: EventsTableOptions<T> = {}) {
    super(name, options, "integer");
  }

  override clone(options: EventsTableOptions<T> = {}): EventsTableInt<T> {
    return new EventsTableInt<T>(this.name, this.optionsWith(options));
  }

  /** As text, which every driver passes exactly. */
  protected override toForeignIdParam(foreignId: number | bigint): string {
    const whole = typeof foreignId === "bigint" || Number.isSafeInteger(foreignId);
    if (whole && BigInt(foreignId) >= LOWEST && BigInt(foreignId) <= HIGHEST) return String(foreignId);
    throw new ReflexError(
      "invalid_int_id",
      `a foreign id of ${this.name} must be a safe whole number or a bigint of 64 bits, found ${showKind(foreignId)}`,
      { details: { table: this.name } },
    );
  }
}
