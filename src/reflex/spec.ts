import { typeMistake } from "../errors/reflex-error.ts";
import { show, showName } from "../errors/show.ts";
import { anObject } from "../options/check-options.ts";
import { type Consumer, checkConsumerName } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { StreamFunc, StreamOptions } from "./stream.ts";

/** What `run` puts together: where events come from, who consumes them, and where the consumer's cursor is kept. */
export interface Spec<T extends number = number> {
  /** Where events come from, such as `table.toStream(pool)`. */
  readonly stream: StreamFunc<T>;
  /** Where the cursor is kept, such as `cursorsTable.toStore(pool)`. */
  readonly cursors: CursorStore;
  /** Who consumes the events, such as `createConsumer(name, fn)`. */
  readonly consumer: Consumer<T>;
  /** Where the stream starts and whether it ends. @defaultValue from the cursor on, without end */
  readonly options?: Omit<StreamOptions, "signal" | "position" | "observer" | "logger">;
}

const parts: readonly string[] = ["stream", "cursors", "consumer", "options"];

/** @throws TypeError `invalid_argument`, naming the part that is missing or of a wrong kind. */
export function checkSpec(spec: unknown): void {
  const { stream, cursors, consumer, options } = Object(spec) as Partial<Spec>;
  const unknown = Object.keys(Object(spec) as object).find((name) => !parts.includes(name));
  // An unknown part is refused. With a misspelt `options`, a consumer that was to start at the head would start at the
  // beginning.
  if (unknown !== undefined) {
    throw typeMistake("invalid_argument", `a run has no part ${showName(unknown)}; it has ${parts.join(", ")}`);
  }
  if (typeof stream !== "function") throw wrong("stream", "a function such as table.toStream(pool)", stream);
  // A cursors table is not a store, though its methods have the same names: they take the pool as their first argument.
  const isStore = (["getCursor", "setCursor", "flush"] as const).every((name) => typeof cursors?.[name] === "function");
  if (!isStore || "toStore" in Object(cursors)) throw wrong("cursors", "a store such as table.toStore(pool)", cursors);
  if (typeof consumer?.consume !== "function") throw wrong("consumer", "a consumer of createConsumer()", consumer);
  for (const name of ["reset", "stop"] as const) {
    const found: unknown = consumer[name];
    if (found !== undefined && typeof found !== "function") throw wrong(`consumer's ${name}`, "a function", found);
  }
  checkConsumerName(consumer.name);
  if (options !== undefined && anObject(options) !== undefined) throw wrong("options", "an object", options);
}

function wrong(part: string, expected: string, found: unknown): TypeError {
  return typeMistake("invalid_argument", `the ${part} of a run must be ${expected}, found ${show(found)}`);
}
