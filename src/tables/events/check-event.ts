import { isMistake, isReflexError, ReflexError, rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { show, showKind } from "../../errors/show.ts";
import { isWellFormed } from "../../options/well-formed.ts";
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

/** The error of a text that no encoder keeps as it is. */
export function notWellFormed(what: string): RangeError {
  return rangeMistake("invalid_argument", `${what} holds half of a surrogate pair, which is no character`);
}

/**
 * Checks the events of an insertMany one by one. A missing index counts as an event that is undefined.
 * @throws what `check` throws, with the index in its message; TypeError `invalid_argument` for what is no event
 */
export function checkEach<E, C>(events: readonly E[], table: string, check: (event: E) => C): C[] {
  const checked: C[] = [];
  let index = 0;
  try {
    for (const { length } = events; index < length; index++) {
      const event: unknown = events[index];
      if (typeof event === "object" && event !== null) checked.push(check(event as E));
      else throw typeMistake("invalid_argument", `an event of ${table} must be an object, found ${show(event)}`);
    }
    return checked;
  } catch (error) {
    throw atIndex(error, { table, index });
  }
}

function atIndex(error: unknown, { table, index }: { table: string; index: number }): unknown {
  if (isMistake(error) || isReflexError(error)) {
    return Object.assign(error as Error, {
      message: `${(error as Error).message}; it is event ${index} of insertMany`,
    });
  }
  const message = `event ${index} of insertMany of ${table} could not be read: a getter or proxy threw`;
  return Object.assign(typeMistake("invalid_argument", message), { cause: error });
}

/** The bytes of what was given as metadata. @throws TypeError `invalid_argument`, ReflexError `metadata_disabled` */
export function toMetadata(metadata: unknown, { table, config }: TableDefinition): Uint8Array | undefined {
  if (metadata === undefined) return undefined;
  if (config.fields.metadata === undefined && config.inserter === undefined) {
    const message = `${table} has no metadata column; name it in the option metadataField`;
    throw new ReflexError("metadata_disabled", message, { details: { table } });
  }
  if (typeof metadata === "string") {
    if (!isWellFormed(metadata)) throw notWellFormed(`metadata of an event of ${table}`);
    return Buffer.from(metadata);
  }
  if (metadata instanceof Uint8Array) return metadata;
  throw typeMistake(
    "invalid_argument",
    `metadata of an event of ${table} must be a Uint8Array or a string, found ${showKind(metadata)}`,
  );
}
