import { typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import { CursorsTable } from "../../tables/cursors/cursors-table.ts";
import { ErrorsTable } from "../../tables/errors/errors-table.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { EventsTableInt } from "../../tables/events-table-int.ts";

type Kind = "CursorsTable" | "ErrorsTable" | "EventsTable" | "EventsTableInt";

const classes: Readonly<Record<Kind, { readonly [Symbol.hasInstance]: (value: unknown) => boolean }>> = {
  CursorsTable,
  ErrorsTable,
  EventsTable,
  EventsTableInt,
};

/** @throws TypeError `invalid_argument` for what is no table of this kind */
export function checkTable(kind: Kind, table: unknown): void {
  if (table instanceof classes[kind]) return;
  throw typeMistake(
    "invalid_argument",
    `expected ${kind === "CursorsTable" ? "a" : "an"} ${kind}, found ${show(table)}`,
  );
}
