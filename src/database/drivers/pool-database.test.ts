import { describe, expect, test } from "vitest";
import type { DriverConnection, DriverPool } from "./driver.ts";
import { PoolDatabase } from "./pool-database.ts";

interface Journal {
  readonly texts: string[];
  ended: "released" | "destroyed" | "hung up" | undefined;
}

/** A pool whose connections answer everything but what `fail` has an error for. */
function fakePool(fail: (text: string) => Error | undefined): { database: PoolDatabase<object>; journals: Journal[] } {
  const journals: Journal[] = [];
  const acquire = async (): Promise<DriverConnection<object>> => {
    const journal: Journal = { texts: [], ended: undefined };
    journals.push(journal);
    const answer = async <R>(text: string, result: R): Promise<R> => {
      journal.texts.push(text);
      const error = fail(text);
      if (error !== undefined) throw error;
      return result;
    };
    return {
      tx: {},
      native: {},
      charsets: [],
      run: (sql) => answer(sql, { affectedRows: 1, insertId: "0" }),
      rows: (sql) => answer(sql, []),
      control: (text) => answer(text, []),
      destroy: () => {
        journal.ended = "destroyed";
      },
      hangUp: () => {
        journal.ended = "hung up";
      },
      release: () => {
        journal.ended = "released";
      },
    };
  };
  const pool: DriverPool<object> = {
    native: {},
    size: 1,
    acquire,
    state: () => undefined,
    onShortage: () => () => undefined,
  };
  return { database: new PoolDatabase(pool), journals };
}

function failure(facts: object): Error {
  return Object.assign(new Error("failed"), facts);
}

function failingAt(text: string, error: Error): (sent: string) => Error | undefined {
  return (sent) => (sent === text ? error : undefined);
}

describe("an error at COMMIT", () => {
  test.each([
    { what: "a connection that timed out", facts: { errno: -110, code: "ETIMEDOUT" } },
    { what: "a host that can't be reached any more", facts: { errno: -113, code: "EHOSTUNREACH" } },
    { what: "a broken connection", facts: { errno: -104, code: "ECONNRESET" } },
    { what: "a broken pipe", facts: { errno: -32, code: "EPIPE" } },
    { what: "an answer that the driver can't read", facts: { code: "PROTOCOL_UNEXPECTED_PACKET" } },
    { what: "a socket's time-out in the mariadb driver", facts: { errno: 45026, code: "ER_SOCKET_TIMEOUT" } },
    { what: "an error that tells nothing", facts: {} },
    { what: "a server that shuts down", facts: { errno: 1053, sqlState: "08S01" } },
    { what: "a COMMIT that was interrupted", facts: { errno: 1317, sqlState: "70100" } },
    { what: "a node that left its cluster", facts: { errno: 1047, sqlState: "08S01" } },
  ])("that is $what leaves the outcome unknown", async ({ facts }) => {
    const cause = failure(facts);
    const { database, journals } = fakePool(failingAt("commit", cause));
    const outcome = database.run("insert", []);
    await expect(outcome).rejects.toThrow(expect.objectContaining({ code: "commit_outcome_unknown", cause }));
    expect(journals.map(({ ended }) => ended)).toEqual(["destroyed"]);
  });

  test.each([
    { what: "a connection closed before it was sent", facts: { errno: 45013 } },
    { what: "an idle connection that the server had ended", facts: { errno: 4031, sqlState: "HY000" } },
    { what: "a cluster that found a conflict", facts: { errno: 1213, sqlState: "40001" } },
    { what: "a group that refused it", facts: { errno: 3101, sqlState: "40000" } },
  ])("that is $what is transaction_lost", async ({ facts }) => {
    const cause = failure(facts);
    const { database, journals } = fakePool(failingAt("commit", cause));
    const outcome = database.run("insert", []);
    await expect(outcome).rejects.toThrow(expect.objectContaining({ code: "transaction_lost", cause }));
    expect(journals.map(({ ended }) => ended)).toEqual(["destroyed"]);
  });

  test("that the server answered with comes out as it is, and the connection's end rolls back", async () => {
    const refusal = failure({ errno: 1290, sqlState: "HY000" });
    const { database, journals } = fakePool(failingAt("commit", refusal));
    await expect(database.run("insert", [])).rejects.toBe(refusal);
    expect(journals.map(({ ended }) => ended)).toEqual(["destroyed"]);
  });
});

describe("a transaction", () => {
  test("that throws is rolled back and its connection released, and the error comes out as it was", async () => {
    const mine = new Error("mine");
    const { database, journals } = fakePool(failingAt("insert", mine));
    await expect(database.run("insert", [])).rejects.toBe(mine);
    expect(journals).toEqual([
      { texts: ["set transaction read write", "start transaction", "insert", "rollback"], ended: "released" },
    ]);
  });

  test("whose ROLLBACK fails closes its connection, and throws what led there", async () => {
    const mine = new Error("mine");
    const errors: Record<string, Error> = { insert: mine, rollback: failure({ code: "ECONNRESET" }) };
    const { database, journals } = fakePool((text) => errors[text]);
    await expect(database.run("insert", [])).rejects.toBe(mine);
    expect(journals.map(({ ended }) => ended)).toEqual(["destroyed"]);
  });

  test("replaces connections that are unusable, but not without end", async () => {
    const { database, journals } = fakePool(failingAt("set transaction read write", failure({ errno: 1568 })));
    await expect(database.run("insert", [])).rejects.toThrow(expect.objectContaining({ errno: 1568 }));
    expect(journals.length).toBeGreaterThan(10);
    expect(new Set(journals.map(({ ended }) => ended))).toEqual(new Set(["hung up"]));
  });

  test("does not try other connections when the server refuses for another reason", async () => {
    const denied = failure({ errno: 1045 });
    const { database, journals } = fakePool(failingAt("set transaction read write", denied));
    await expect(database.run("insert", [])).rejects.toBe(denied);
    expect(journals).toHaveLength(1);
  });
});
