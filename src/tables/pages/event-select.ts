import type { Dialect } from "../../database/dialect.ts";
import { eventColumns, type PlainColumns, type SelectForm } from "../events/event-columns.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";

/** Which values come with the rows of a read; see {@link SelectForm}. */
export type WantedValues = NonNullable<SelectForm["values"]>;

/** The select lists with which one table's rows are read: without casts, until they were seen to need them. */
export class EventSelect {
  readonly #dialect: Dialect;
  readonly #config: EventsTableConfig;
  #plain: PlainColumns | undefined;
  readonly #texts = new Map<WantedValues, string>();

  /** Without `plain`, of a table that was not looked at, the server casts all columns. */
  constructor(dialect: Dialect, config: EventsTableConfig, plain?: PlainColumns) {
    this.#dialect = dialect;
    this.#config = config;
    this.#plain = plain;
  }

  columns(values: WantedValues): string {
    const known = this.#texts.get(values);
    if (known !== undefined) return known;
    const text = eventColumns(this.#dialect, this.#config, { plain: this.#plain, values });
    this.#texts.set(values, text);
    return text;
  }

  /** A column is of another type than it was: from now on the server casts all of them. */
  castAll(): void {
    this.#plain = undefined;
    this.#texts.clear();
  }
}
