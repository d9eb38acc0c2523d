import type { Database } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { LingeringSession } from "../../database/sessions/lingering-session.ts";
import { isReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { errorText, kindOfError, showError } from "../../errors/show-error.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import type { GapConfig } from "../events/gap-options.ts";
import { readServerRole, type ServerAnswer, type ServerRole } from "./server-role.ts";

type Candidates = NonNullable<GapConfig["candidates"]>;

// For how long a server counts as the primary before all are asked again, and how long nobody asks after none was found.
const FOUND_MS = 1000;
const MISSING_MS = 250;
// How long is waited for a server to say whether it takes writes. It and the time above are the 2 s of the docs.
const ROLE_LIMIT_MS = 1000;
const FUNCTION_LIMIT_MS = 2000;
const SILENT: ServerAnswer = { role: "silent", server: "" };

/** What came of a search: the primary, or why there is none. */
export type SoughtPrimary = { readonly found: Database } | { readonly missing: WaitCause };

/** Finds the server that takes the writes among those that can. */
export class PrimaryFinder {
  readonly #candidates: Candidates;
  readonly #asking = new Map<Database, Promise<ServerAnswer>>();
  #sought: SoughtPrimary | undefined;
  #soughtAt = 0;
  #seeking: Promise<SoughtPrimary> | undefined;

  constructor(candidates: Candidates) {
    this.#candidates = candidates;
  }

  /** The primary as it was found last. */
  get found(): Database | undefined {
    return this.#sought !== undefined && "found" in this.#sought ? this.#sought.found : undefined;
  }

  /** Seeks the primary, unless that was done a moment ago. Resolves with why there is none; undefined if it is {@link found}. */
  async seek(): Promise<WaitCause | undefined> {
    const freshMs = this.found === undefined ? MISSING_MS : FOUND_MS;
    const fresh = this.#sought !== undefined && performance.now() - this.#soughtAt < freshMs;
    if (!fresh) await this.#seek();
    return this.#sought !== undefined && "missing" in this.#sought ? this.#sought.missing : undefined;
  }

  /** Does work with the primary, which may hang where that is gone. Resolves with `moved` once another server is the primary. */
  async unlessMoved<R>(work: Promise<R>, moved: R): Promise<R> {
    const watching = new AbortController();
    const hasMoved = this.#moved(watching.signal).then(() => moved);
    // It ends with the abort when the work is done.
    hasMoved.catch(() => undefined);
    // Its failure matters to nobody after the primary has moved.
    work.catch(() => undefined);
    try {
      return await Promise.race([work, hasMoved]);
    } finally {
      watching.abort();
    }
  }

  async #moved(signal: AbortSignal): Promise<void> {
    const before = this.found;
    do {
      await sleep(FOUND_MS, { signal });
      await this.seek().catch(() => undefined);
    } while (this.found === undefined || this.found === before);
  }

  /** Searches that are asked for at the same time are one. */
  async #seek(): Promise<void> {
    this.#seeking ??= this.#search();
    try {
      const sought = await this.#seeking;
      this.#sought = keepIdentity(this.#sought, sought);
      this.#soughtAt = performance.now();
    } finally {
      this.#seeking = undefined;
    }
  }

  async #search(): Promise<SoughtPrimary> {
    const candidates = this.#candidates;
    if (typeof candidates === "function") return askFunction(candidates);
    return choosePrimary(candidates, rolesOf(await this.#answers(candidates)));
  }

  /** What those say that answer in time. One that has not answered an earlier question is not waited for. */
  async #answers(databases: readonly Database[]): Promise<ServerAnswer[]> {
    const late = new Set(this.#asking.keys());
    return Promise.all(databases.map(async (database) => (late.has(database) ? SILENT : this.#ask(database))));
  }

  #ask(database: Database): Promise<ServerAnswer> {
    const session = new LingeringSession({ database, isolation: "read uncommitted", setUp: [] });
    const limits = { timeoutMs: ROLE_LIMIT_MS };
    const asking = session.use((lent) => readServerRole(lent, limits)).catch(() => SILENT);
    this.#asking.set(database, asking);
    void asking.finally(() => {
      this.#asking.delete(database);
      session.close();
    });
    return withTimeLimit(asking, { ...limits, what: "a server to tell its role" }).catch(() => SILENT);
  }
}

/** The role of each, but a server that is listed again, under another name or address, takes writes at its first place only. */
export function rolesOf(answers: readonly ServerAnswer[]): ServerRole[] {
  const writers = new Set<string>();
  return answers.map(({ role, server }) => {
    if (role !== "writable" && role !== "applying") return role;
    if (server !== "" && writers.has(server)) return "not_writable";
    writers.add(server);
    return role;
  });
}

/** The one that takes writes, if it is one. Never picks one of several. */
export function choosePrimary(databases: readonly Database[], roles: readonly ServerRole[]): SoughtPrimary {
  const places = roles.flatMap((role, index) => (role === "writable" || role === "applying" ? [index] : []));
  const [place] = places;
  if (places.length > 1) {
    const named = places.map((index) => index + 1).join(" and ");
    return missing(
      "several_primaries",
      `servers ${named} of gaps.primary take writes, and noops may go to one only: set read_only on the others, name the right one in fillGaps(), or list each server once if they are one`,
    );
  }
  const database = place === undefined ? undefined : databases[place];
  if (database !== undefined && place !== undefined && roles[place] === "writable") return { found: database };
  if (place !== undefined) {
    return missing(
      "not_writable",
      `of the servers in gaps.primary only number ${place + 1} takes writes, and it applies those of another: end its replication if it is the primary now`,
    );
  }
  return roles.includes("silent")
    ? missing(
        "unreachable",
        "no server in gaps.primary takes writes, and not all of them answer: bring the primary back, or make another one writable",
      )
    : missing("not_writable", "no server in gaps.primary takes writes: make the primary writable, or name it there");
}

async function askFunction(ask: () => unknown): Promise<SoughtPrimary> {
  let handle: unknown;
  try {
    handle = await withTimeLimit(Promise.resolve().then(ask), {
      timeoutMs: FUNCTION_LIMIT_MS,
      what: "the function gaps.primary",
    });
  } catch (error) {
    // A program's error may hold in its words what belongs in no log.
    const shown = isReflexError(error, "time_limit") ? showError(error) : kindOfError(error);
    return missing("unknown", `the function gaps.primary failed: ${shown}`);
  }
  if (handle === undefined) return missing("not_writable", "the function gaps.primary names no server");
  return { found: givenDatabase(handle) };
}

function givenDatabase(handle: unknown): Database {
  try {
    return toDatabase(handle as DatabaseHandle);
  } catch (error) {
    const message = `the function gaps.primary must give the pool of the server that takes the writes, or undefined: ${errorText(error)}`;
    throw typeMistake("invalid_argument", message);
  }
}

/** The same object as before for the same server, so that its connections are kept. */
function keepIdentity(before: SoughtPrimary | undefined, now: SoughtPrimary): SoughtPrimary {
  if (before === undefined || !("found" in before) || !("found" in now)) return now;
  return before.found.identity === now.found.identity ? before : now;
}

function missing(reason: WaitCause["reason"], message: string): SoughtPrimary {
  return { missing: { reason, message } };
}
