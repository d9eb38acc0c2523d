import { ReflexError, rangeMistake, show, typeMistake } from "../../errors/reflex-error.ts";
import { noopEventType } from "../../reflex/event.ts";
import type { TableDefinition } from "./table-context.ts";

/** @throws RangeError `invalid_argument`, ReflexError `noop_insert` or `unknown_event_type`: the type can't be inserted. */
export function checkEventType(type: number, { table, config }: TableDefinition): void {
  if (!Number.isSafeInteger(type)) {
    throw rangeMistake("invalid_argument", `an event type of ${table} must be a whole number, found ${show(type)}`);
  }
  if (type === noopEventType) {
    const message = `type 0 is a noop, which streams leave out; give events of ${table} other types`;
    throw new ReflexError("noop_insert", message, { details: { table } });
  }
  const { types } = config;
  if (types?.has(type) === false) {
    throw new ReflexError(
      "unknown_event_type",
      `type ${type} is not among the types of ${table} (${[...types].join(", ")}); add it to the option types`,
      { details: { table, type } },
    );
  }
}

/** The bytes of what was given as metadata. @throws TypeError `invalid_argument`, ReflexError `metadata_disabled` */
export function toMetadata(metadata: unknown, { table, config }: TableDefinition): Uint8Array | undefined {
  if (metadata === undefined) return undefined;
  if (config.fields.metadata === undefined && config.inserter === undefined) {
    const message = `${table} has no metadata column; name it in the option metadataField`;
    throw new ReflexError("metadata_disabled", message, { details: { table } });
  }
  if (typeof metadata === "string") return Buffer.from(metadata);
  if (metadata instanceof Uint8Array) return metadata;
  throw typeMistake(
    "invalid_argument",
    `metadata of an event of ${table} must be a Uint8Array or a string, found ${show(metadata)}`,
  );
}
