import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { show, typeMistake } from "../../errors/reflex-error.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { gapControlOf } from "./gap-control.ts";

/**
 * Closes the gaps that rolled-back transactions leave in this table, through `db`, the pool of the server that takes the
 * writes. Streams do it by themselves; call this when they read from a replica, or after {@link stopFillingGaps}.
 * @throws TypeError `invalid_argument` for what is no pool or no events table.
 */
export function fillGaps(db: DatabaseHandle, table: object): void {
  controlOf(table).fill(toDatabase(db));
}

/**
 * Ends all filling of this table's gaps by this process: streams then wait at them. Resolves once what is under way has
 * ended, at once when there is none.
 */
export async function stopFillingGaps(table: object, options: CallOptions = {}): Promise<void> {
  const control = controlOf(table);
  checkCallOptions("stopFillingGaps", options);
  await control.stopFilling(options);
}

function controlOf(table: object): ReturnType<typeof gapControlOf> & object {
  const control = gapControlOf(table);
  if (control === undefined) throw typeMistake("invalid_argument", `expected an events table, found ${show(table)}`);
  return control;
}
