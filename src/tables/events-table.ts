import { rangeMistake, typeMistake } from "../errors/reflex-error.ts";
import { show, showKind } from "../errors/show.ts";
import { isWellFormed } from "../options/well-formed.ts";
import { notWellFormed } from "./events/check-event.ts";
import type { EventsTableOptions } from "./events/events-table-options.ts";
import { EventsTableBase } from "./events-table-base.ts";

/**
 * An events table whose foreign ids are text: order numbers, UUIDs, slugs.
 *
 * Make one per table and keep it: its streams share what they read and wake each other.
 * @throws TypeError or RangeError `invalid_option` or `invalid_identifier`, naming the value.
 * @example
 * const OrderEvent = { Placed: 1, Paid: 2 } as const;
 * const orders = new EventsTable("order_events", { types: OrderEvent, metadataField: "metadata" });
 */
export class EventsTable<T extends number = number> extends EventsTableBase<T, string> {
  /** `name` is the table's, or `schema.table`. */
  constructor(name: string, options: EventsTableOptions<T> = {}) {
    super(name, options, "text");
  }

  override clone(options: EventsTableOptions<T> = {}): EventsTable<T> {
    return new EventsTable<T>(this.name, this.optionsWith(options));
  }

  protected override toForeignIdParam(foreignId: string): string {
    if (typeof foreignId === "string") {
      if (this.options.foreignIdColumn === "binary") return this.#hex(foreignId);
      if (isWellFormed(foreignId)) return foreignId;
      throw notWellFormed(`a foreign id of ${this.name}`);
    }
    throw typeMistake(
      "invalid_argument",
      `a foreign id of ${this.name} must be a string, found ${showKind(foreignId)}; for integers use EventsTableInt`,
    );
  }

  #hex(foreignId: string): string {
    if (/^([0-9a-f]{2})*$/i.test(foreignId)) return foreignId.toLowerCase();
    throw rangeMistake(
      "invalid_argument",
      `a foreign id of ${this.name}, whose column holds bytes, must be in hex (a UUID without its dashes), found ${show(foreignId)}`,
    );
  }
}
