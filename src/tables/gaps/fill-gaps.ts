import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { gapControlOf } from "./gap-control.ts";

/**
 * Has this process close the gaps that rolled-back transactions leave in this table. `db` is the pool of the server
 * that takes the writes. Streams close gaps by themselves; call this when they read from a replica, or after {@link
 * stopFillingGaps}.
 * @throws TypeError `invalid_argument` for what is no pool, and for what is no events table.
 * @example
 * fillGaps(pool, orders);
 */
export function fillGaps(db: DatabaseHandle, table: object): void {
  controlOf(table).fill(toDatabase(db));
}

/**
 * Ends the filling of gaps by this object's streams, which then wait at gaps, and by those of equal objects that share a reader
 * with them. Other objects of the table go on. Resolves once what is under way has ended: at once if nothing is.
 * @throws ReflexError `time_limit`, or the signal's reason, if that takes too long. The filling has ended all the same.
 */
export async function stopFillingGaps(table: object, options: CallOptions = {}): Promise<void> {
  const control = controlOf(table);
  await control.stopFilling(checkCallOptions("stopFillingGaps", options));
}

function controlOf(table: object): ReturnType<typeof gapControlOf> & object {
  const control = gapControlOf(table);
  if (control === undefined) throw typeMistake("invalid_argument", `expected an events table, found ${show(table)}`);
  return control;
}
