import Sqlite from "libsql";
import { type Database, type Executor, type Session, toDatabase, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import { answeringPool } from "../support/input/answering-pool.ts";
import { mismatch, plainText, pool, uses, type Wrong } from "../support/input/subjects.ts";
import { shown } from "../support/input/wrong-values.ts";

const handle = new Sqlite(":memory:");
const lending = answeringPool();
const databases: readonly { readonly of: string; readonly db: Database }[] = [
  { of: "a pool", db: toDatabase(pool) },
  { of: "a SQLite handle", db: toDatabase(handle) },
];

interface Taker {
  readonly what: string;
  readonly use: (sql: Wrong, params: Wrong) => Promise<unknown>;
}

function takers(what: string, lend: (use: (lent: Executor) => Promise<unknown>) => Promise<unknown>): Taker[] {
  return (["run", "rows"] as const).map((name) => ({
    what: `${name} of ${what}`,
    use: (sql, params) => lend((lent) => lent[name](sql, params)),
  }));
}

const statements: readonly Taker[] = [
  ...databases.flatMap(({ of, db }) => takers(of, (use) => use(db))),
  ...takers("a session of a pool", (use) => toDatabase(lending.pool).session(use)),
  ...takers("a session of a SQLite handle", (use) => toDatabase(handle).session(use)),
  ...takers("a transaction of a SQLite handle", (use) => transaction(handle, use)),
];

describe("an SQL text", () => {
  const wrong: readonly unknown[] = [undefined, null, 5, "", {}, ["select 1"], Promise.resolve("select 1")];

  // Catches a driver's error of its inside, and a statement that a driver makes text of.
  test.each(statements.flatMap((taker) => wrong.map((sql) => ({ ...taker, sql }))))(
    "$sql is refused by $what",
    async ({ use, sql }) => {
      const found = [/expected an SQL statement as text/, plainText(shown(sql))];
      expect(await mismatch(() => use(sql, []), /^invalid_argument$/, ...found)).toBeUndefined();
      expect(lending.sent).toEqual([]);
    },
  );

  const lenders: readonly (readonly [string, (use: (session: Session) => Promise<unknown>) => Promise<unknown>])[] = [
    ["a pool", (use) => toDatabase(lending.pool).session(use)],
    ["a SQLite handle", (use) => toDatabase(handle).session(use)],
  ];
  test.each(lenders)("of control() must be one, in a session of %s", async (_what, lend) => {
    // Catches "text.slice is not a function".
    for (const text of wrong) {
      const use = (): unknown => lend((session) => session.control(text as Wrong));
      expect(await mismatch(use, /^invalid_argument$/, /expected an SQL statement as text/)).toBeUndefined();
    }
  });
});

describe("SQL parameters", () => {
  const lists: readonly unknown[] = [undefined, null, 5, "5", {}, new Set([5]), Promise.resolve([5])];
  // An undefined one is NULL for one driver and an error for another; a Date depends on the time zone of the process.
  const elements = [undefined, true, Symbol("x"), Number.NaN, Number.POSITIVE_INFINITY, {}, [], new Date(0), () => 5];

  // Catches a statement without its parameters, which a driver sends as it is.
  test.each(statements.flatMap((taker) => lists.map((params) => ({ ...taker, params }))))(
    "$params are refused by $what",
    async ({ use, params }) => {
      const found = [/SQL parameters must be an array, \[\] for none/, plainText(shown(params))];
      expect(await mismatch(() => use("select ?", params), /^invalid_argument$/, ...found)).toBeUndefined();
      expect(lending.sent).toEqual([]);
    },
  );

  // Catches a value that each driver stores its own way, or that ends the process.
  test.each(statements.flatMap((taker) => elements.map((param) => ({ ...taker, param }))))(
    "with $param are refused by $what",
    async ({ use, param }) => {
      const found = [/an SQL parameter must be a string, finite number/, plainText(shown(param))];
      expect(await mismatch(() => use("select ?", [param]), /^invalid_argument$/, ...found)).toBeUndefined();
      expect(lending.sent).toEqual([]);
    },
  );
});

describe.each(databases)("work in $of", ({ db }) => {
  test.each([[undefined], [null], ["work"], [{}], [Promise.resolve()]])("must be a function: %o", async (use) => {
    // Catches a connection that is lent and begun on, only to find that there is nothing to call.
    const found = [/needs a function of a (session|transaction)/, plainText(shown(use))];
    expect(await mismatch(() => db.session(use as Wrong), /^invalid_argument$/, ...found)).toBeUndefined();
    expect(await mismatch(() => db.transaction(use as Wrong), /^invalid_argument$/, ...found)).toBeUndefined();
  });

  const reason = new Error("closing");
  const options = { signal: AbortSignal.abort(reason) };
  const ran = (): Promise<never> => Promise.reject(new Error("it ran"));
  test.each([
    ["run", () => db.run("delete from orders", [], options)],
    ["rows", () => db.rows("select 1", [], options)],
    ["session", () => db.session(ran, options)],
    ["transaction", () => db.transaction(ran, options)],
  ])("does not begin once its signal is aborted: %s ends with the reason", async (_what, call) => {
    // Catches a statement that is sent after the abort, and a reason that is wrapped.
    expect(await failureOf(call)).toBe(reason);
    expect(uses()).toBe(0);
  });
});

test.each<[string, (session: Session, signal: AbortSignal) => Promise<unknown>]>([
  ["run", (session, signal) => session.run("delete from orders", [], { signal })],
  ["rows", (session, signal) => session.rows("select 1", [], { signal })],
  ["control", (session, signal) => session.control("select 1", { signal })],
])("a statement of a session is not sent once its signal is aborted: %s", async (_what, call) => {
  // Catches a statement whose outcome nobody waits for.
  const reason = new Error("closing");
  for (const db of [toDatabase(lending.pool), toDatabase(handle)]) {
    expect(await failureOf(() => db.session((session) => call(session, AbortSignal.abort(reason))))).toBe(reason);
  }
  expect(lending.sent).toEqual([]);
});
