import type { Database, SqlParam } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { checkIdentifier } from "../../database/identifiers.ts";
import { isSqlParam } from "../../database/sql-param.ts";
import { typeMistake } from "../../errors/reflex-error.ts";
import { show, showName } from "../../errors/show.ts";
import { errorText } from "../../errors/show-error.ts";
import { aCount, aFiniteDuration, anObject, checkOptions, type OptionChecks } from "../../options/check-options.ts";

/** How the gaps between ids are closed that rolled-back transactions leave. */
export interface GapOptions {
  /**
   * The server that takes the writes. Declare it when streams read from a replica. Without it, the server that streams
   * read from counts as the primary, as long as nothing shows that it is a replica.
   *
   * Where the primary can move, a list of all servers that can become it: the one that takes writes is found within 2 s. While
   * two of them do, or none, gaps stay open, and a stall says so. Or a function that gives the primary's pool, or a promise of
   * it; undefined for none. It is called at most four times a second, and only while there are gaps. It may take 2 s.
   */
  primary?: DatabaseHandle | readonly DatabaseHandle[] | PrimaryFunction | undefined;
  /**
   * All servers that take writes, in a cluster with several of them. Each is asked for open transactions. @defaultValue
   * the primary
   */
  probe?: readonly DatabaseHandle[] | undefined;
  /**
   * How long an id must be missing before it is closed, in ms. The wait spares writers that are about to insert; safety
   * does not depend on it. @defaultValue 20
   */
  graceMs?: number | undefined;
  /** Values of a noop's columns for which the table's own defaults won't do, such as a NOT NULL column or a uuid. */
  noopValues?: Readonly<Record<string, SqlParam>> | undefined;
  /**
   * The most ids of a gap that is closed. A larger gap ends the stream with `gap_too_large`. @defaultValue 1 000 000
   */
  maxIds?: number | undefined;
}

/** Gives the pool of the server that takes the writes now; undefined if there is none. */
export type PrimaryFunction = () => DatabaseHandle | undefined | Promise<DatabaseHandle | undefined>;

const checks: OptionChecks<GapOptions> = {
  primary: (value) => {
    if (Array.isArray(value)) return somePools(value);
    if (isPrimaryFunction(value)) return undefined;
    const problem = poolProblem(value);
    return problem === undefined ? undefined : `a pool of the server that takes the writes: ${problem}`;
  },
  probe: somePools,
  graceMs: aFiniteDuration,
  noopValues: someParams,
  maxIds: aCount,
};

function somePools(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return "an array of pools, at least one";
  for (const [index, entry] of value.entries()) {
    const problem = poolProblem(entry);
    if (problem !== undefined) return `an array of pools (number ${index + 1}: ${problem}, found ${show(entry)})`;
  }
  return undefined;
}

/** Whether it is a function, and not a handle that can be called, as those of some libraries. */
function isPrimaryFunction(value: unknown): value is PrimaryFunction {
  return typeof value === "function" && poolProblem(value) !== undefined;
}

/** Why this is no pool, without the words at the end that say what was found instead; undefined if it is one. */
function poolProblem(value: unknown): string | undefined {
  try {
    toDatabase(value as DatabaseHandle);
    return undefined;
  } catch (error) {
    const text = errorText(error);
    const found = `, found ${show(value)}`;
    return text.endsWith(found) ? text.slice(0, -found.length) : text;
  }
}

/**
 * The values are checked at once. One that no server takes would otherwise be noticed only when a gap is to be closed.
 */
function someParams(value: unknown): string | undefined {
  const problem = anObject(value);
  if (problem !== undefined) return problem;
  const known = Object.values(value as object).every(isSqlParam);
  return known ? undefined : "an object of strings, numbers, bigints, nulls or Uint8Arrays by column";
}

/** A copy, checked as well: a getter or proxy might have given other values to the check of the option. */
function checkedParams(owner: string, values: GapConfig["noopValues"]): GapConfig["noopValues"] {
  const copy = Object.freeze({ ...values });
  const problem = someParams(copy);
  if (problem === undefined) return copy;
  throw typeMistake("invalid_option", `option noopValues of option gaps of ${owner} must be ${problem}`);
}

/** {@link GapOptions} with every default filled in but the servers. */
export interface GapConfig {
  readonly filling: boolean;
  readonly primary: Database | undefined;
  /** Among whom the primary is sought, or who tells it; undefined if it is not sought. */
  readonly candidates: readonly Database[] | PrimaryFunction | undefined;
  readonly probe: readonly Database[] | undefined;
  readonly graceMs: number;
  readonly noopValues: Readonly<Record<string, SqlParam>>;
  readonly maxIds: number;
}

/** The columns of the table, and how its noops look where the options don't say it. */
export interface GapDefaults {
  readonly fields: { readonly id: string; readonly type: string };
  readonly noopValues?: GapConfig["noopValues"];
}

/**
 * Checks the options and fills in the defaults.
 * @throws TypeError or RangeError `invalid_option`, `invalid_argument` or `invalid_identifier`
 */
export function toGapConfig(owner: string, gaps: false | GapOptions | undefined, defaults: GapDefaults): GapConfig {
  refusePool(owner, gaps);
  const options = gaps === false ? {} : checkOptions<GapOptions>(`option gaps of ${owner}`, gaps, checks);
  const { primary, probe, graceMs = 20, noopValues: given = defaults.noopValues ?? {}, maxIds = 1_000_000 } = options;
  const noopValues = checkedParams(owner, given);
  for (const column of Object.keys(noopValues)) checkNoopColumn(owner, column, defaults);
  return {
    filling: gaps !== false,
    ...toPrimary(primary),
    probe: probe?.map((handle) => toDatabase(handle)),
    graceMs,
    noopValues,
    maxIds,
  };
}

function refusePool(owner: string, gaps: unknown): void {
  if (!gaps || poolProblem(gaps) !== undefined) return;
  throw typeMistake(
    "invalid_option",
    `option gaps of ${owner} must be an object of options, and this is a pool: give it as gaps: { primary: pool } if it is of the server that takes the writes`,
  );
}

/** Refuses the columns that make a row a noop, whose values are no one's to choose. Their names are equal whatever their case. */
function checkNoopColumn(owner: string, column: string, { fields }: GapDefaults): void {
  checkIdentifier(column, `a column in option noopValues of option gaps of ${owner}`);
  const name = column.toLowerCase();
  if (name !== fields.id.toLowerCase() && name !== fields.type.toLowerCase()) return;
  const message = `option noopValues of option gaps of ${owner} must not name the column ${showName(column)}: the id and type of a noop are given`;
  throw typeMistake("invalid_option", message);
}

function toPrimary(primary: GapOptions["primary"]): Pick<GapConfig, "primary" | "candidates"> {
  if (isPrimaryFunction(primary)) return { primary: undefined, candidates: primary };
  if (!Array.isArray(primary)) {
    const named = primary === undefined ? undefined : toDatabase(primary as DatabaseHandle);
    return { primary: named, candidates: undefined };
  }
  // A server that is named twice is one.
  const databases = new Map(primary.map((handle: DatabaseHandle) => toDatabase(handle)).map((db) => [db.identity, db]));
  const candidates = [...databases.values()];
  return candidates.length === 1
    ? { primary: candidates[0], candidates: undefined }
    : { primary: undefined, candidates };
}
