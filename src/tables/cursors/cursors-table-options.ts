import { checkIdentifier, parseTableName } from "../../database/identifiers.ts";
import {
  aDuration,
  aFiniteDuration,
  aFunction,
  aLogger,
  aString,
  checkOptions,
  either,
  type OptionChecks,
  oneOf,
} from "../../options/check-options.ts";
import type { Logger, Observer } from "../../reflex/observer.ts";
import { anObserver } from "../../reflex/observer-check.ts";
import type { CursorType } from "./cursor-type.ts";

/** The columns of a cursors table, and when cursors are written. */
export interface CursorsTableOptions {
  /** The column of the consumer's name. @defaultValue "id" */
  idField?: string | undefined;
  /** The column of the cursor. @defaultValue "last_event_id" */
  cursorField?: string | undefined;
  /** The column of the time of the last change. @defaultValue "updated_at" */
  timeField?: string | undefined;
  /**
   * How long cursors are held back to be written together, in ms. 0 writes each at once. A crash loses what is held
   * back, so that its events come again. @defaultValue 5000
   */
  asyncPeriodMs?: number | undefined;
  /** How cursors are compared: as numbers, or as text byte by byte. @defaultValue "int" */
  cursorType?: CursorType | undefined;
  /**
   * The table, in the same schema, of what people have asked of consumers: who, when, from where and to where. It is made
   * with the cursors table. With `false` only the observer is told. @defaultValue "cursor_changes"
   */
  changesTable?: string | false | undefined;
  /** Called once for each cursor that was written. What it throws is reported, and stops nothing. */
  onSetCursor?: ((written: { consumer: string; cursor: string }) => void) | undefined;
  /** Waits in place of a timer, for tests. */
  sleep?: ((delayMs: number) => Promise<void>) | undefined;
  /** The longest to wait for a connection of the pool, in ms. @defaultValue 10 000 */
  acquireTimeoutMs?: number | undefined;
  /** The longest that one statement may take, in ms. @defaultValue 60 000 */
  statementTimeoutMs?: number | undefined;
  /**
   * Told of cursors that were written (`flush`), of what people ask of consumers (`cursorChange`), and of errors that no caller waits for (`error`). @defaultValue none;
   * such errors go to `logger`
   */
  observer?: Observer | undefined;
  /** Takes warnings of such errors if the observer has no `error`. @defaultValue `process.emitWarning` */
  logger?: Logger | undefined;
}

const checks: OptionChecks<CursorsTableOptions> = {
  idField: aString,
  cursorField: aString,
  timeField: aString,
  asyncPeriodMs: aFiniteDuration,
  cursorType: oneOf("int", "string"),
  changesTable: either(oneOf(false), aString),
  onSetCursor: aFunction,
  sleep: aFunction,
  acquireTimeoutMs: aDuration,
  statementTimeoutMs: aDuration,
  observer: anObserver,
  logger: aLogger,
};

/** @throws TypeError or RangeError `invalid_option` */
export function checkCursorsTableOptions(owner: string, options: CursorsTableOptions): CursorsTableOptions {
  return checkOptions(owner, options, checks);
}

/** A cursors table's options with every default filled in. */
export interface CursorsTableConfig {
  readonly fields: { readonly id: string; readonly cursor: string; readonly time: string };
  readonly asyncPeriodMs: number;
  readonly cursorType: CursorType;
  /** The name of the table of changes, with its schema; undefined if none is wanted. */
  readonly changesTable: string | undefined;
  readonly onSetCursor: CursorsTableOptions["onSetCursor"];
  readonly sleep: CursorsTableOptions["sleep"];
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

/**
 * Fills in the defaults of options that were checked.
 * @throws TypeError `invalid_identifier`
 */
export function toCursorsTableConfig(name: string, options: CursorsTableOptions): CursorsTableConfig {
  const owner = `table ${name}`;
  const field = (option: keyof CursorsTableOptions, value: string): string =>
    checkIdentifier(value, `option ${option} of ${owner}`);
  return {
    fields: {
      id: field("idField", options.idField ?? "id"),
      cursor: field("cursorField", options.cursorField ?? "last_event_id"),
      time: field("timeField", options.timeField ?? "updated_at"),
    },
    asyncPeriodMs: options.asyncPeriodMs ?? 5000,
    cursorType: options.cursorType ?? "int",
    changesTable: changesTable(name, field, options),
    onSetCursor: options.onSetCursor,
    sleep: options.sleep,
    acquireTimeoutMs: options.acquireTimeoutMs,
    statementTimeoutMs: options.statementTimeoutMs,
  };
}

/** The table of changes lies in the schema of the cursors table. */
function changesTable(
  name: string,
  field: (option: keyof CursorsTableOptions, value: string) => string,
  { changesTable: given = "cursor_changes" }: CursorsTableOptions,
): string | undefined {
  if (given === false) return undefined;
  const [, schema] = parseTableName(name).toReversed();
  const own = field("changesTable", given);
  return schema === undefined ? own : `${schema}.${own}`;
}
