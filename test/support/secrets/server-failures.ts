import { createTables, toDatabase } from "reflex-rsql";
import { failureOf } from "../errors/failure-of.ts";
import { untilLockWait } from "../servers/server-state.ts";
import type { Failure } from "./failures.ts";
import type { ServerScene } from "./scene.ts";
import { CANARY } from "./told.ts";

/** An insert into a table that was changed. */
function insertAfter(change: (table: string) => string): Failure<ServerScene>[1] {
  return async ({ db, sql, table }) => {
    const events = await table();
    await sql(change(events.name));
    return [await failureOf(events.insertWithMetadata(db, CANARY, 1, CANARY))];
  };
}

/** An insert that waits for the row that another connection has inserted. */
function blockedInsert(timeout: { session: string; statementTimeoutMs?: number }): Failure<ServerScene>[1] {
  return async ({ sql, table, lent }) => {
    const events = await table({ statementTimeoutMs: timeout.statementTimeoutMs });
    await sql(`create unique index ${events.name}_once on ${events.name} (foreign_id)`);
    return lent((holder) =>
      lent(async (waiter) => {
        await holder.beginTransaction();
        await events.insert(holder as never, CANARY, 1);
        await waiter.query(timeout.session);
        await waiter.beginTransaction();
        return [await failureOf(events.insertWithMetadata(waiter as never, CANARY, 1, CANARY))];
      }),
    );
  };
}

export const serverFailures: readonly Failure<ServerScene>[] = [
  [
    "a foreign id that is too long",
    insertAfter((table) => `alter table ${table} modify foreign_id varchar(3) not null`),
  ],
  ["metadata that are too long", insertAfter((table) => `alter table ${table} modify metadata varbinary(3)`)],
  ["a column of another type", insertAfter((table) => `alter table ${table} modify foreign_id int not null`)],
  ["a column of dates", insertAfter((table) => `alter table ${table} modify foreign_id date not null`)],
  ["a check", insertAfter((table) => `alter table ${table} add constraint short check (length(foreign_id) < 3)`)],
  [
    "a trigger that repeats the value",
    insertAfter(
      (table) =>
        `create trigger ${table}_no before insert on ${table} for each row begin declare what varchar(99); set what = concat('no ', new.foreign_id); signal sqlstate '45000' set message_text = what; end`,
    ),
  ],
  ["a lock that is not free in time", blockedInsert({ session: "set innodb_lock_wait_timeout = 1" })],
  ["a statement that takes too long", blockedInsert({ session: "do 0", statementTimeoutMs: 200 })],
  [
    "a deadlock",
    async ({ engine, sql, table, lent }) => {
      const events = await table();
      await sql(`create unique index ${events.name}_once on ${events.name} (foreign_id)`);
      await sql(`create table ${events.name}_work (id int primary key, n int)`);
      await sql(`insert into ${events.name}_work values (1, 0)`);
      const raw = await engine.createRawPool();
      return lent((heavy) =>
        lent(async (light) => {
          await heavy.beginTransaction();
          const rows = Array.from({ length: 50 }, (_, index) => `(${index + 100}, 0)`).join(", ");
          await heavy.query(`insert into ${events.name}_work values ${rows}`);
          await events.insert(heavy as never, CANARY, 1);
          await light.beginTransaction();
          await light.query(`update ${events.name}_work set n = 1 where id = 1`);
          const waiting = heavy.query(`update ${events.name}_work set n = 2 where id = 1`);
          await untilLockWait(raw, heavy.threadId ?? undefined);
          const error = await failureOf(events.insertWithMetadata(light as never, CANARY, 1, CANARY));
          await waiting;
          return [error];
        }),
      );
    },
  ],
  [
    "a read-only transaction",
    async ({ table, lent }) => {
      const events = await table();
      return lent(async (connection) => {
        await connection.query("start transaction read only");
        return [await failureOf(events.insertWithMetadata(connection as never, CANARY, 1, CANARY))];
      });
    },
  ],
  [
    "a value that a server outside of strict mode would cut",
    async ({ sql, table, lent }) => {
      const events = await table();
      await sql(`alter table ${events.name} modify foreign_id varchar(3) not null, modify metadata varbinary(3)`);
      return lent(async (connection) => {
        await connection.query("set session sql_mode = ''");
        await connection.beginTransaction();
        return [await failureOf(events.insertWithMetadata(connection as never, CANARY, 1, CANARY))];
      });
    },
  ],
  [
    "a connection that is lost",
    async ({ sql, table, lent }) => {
      const events = await table();
      return lent(async (connection) => {
        await connection.beginTransaction();
        await sql(`kill ${connection.threadId}`);
        const insert = (): Promise<unknown> => events.insertWithMetadata(connection as never, CANARY, 1, CANARY);
        return [await failureOf(insert), await failureOf(insert)];
      });
    },
  ],
  [
    "a pool that was ended",
    async ({ table, openPool }) => {
      const events = await table();
      const pool = await openPool({});
      await (pool as unknown as { end(): Promise<void> }).end();
      return [
        await failureOf(events.insertWithMetadata(pool, CANARY, 1, CANARY)),
        await failureOf(events.stream(pool, "").next()),
      ];
    },
  ],
  [
    "a server that is not there",
    async ({ table, openPool }) => {
      const events = await table();
      const absent = { host: "127.0.0.1", port: 1, socketPath: undefined, password: CANARY, acquireTimeout: 1000 };
      const nowhere = await openPool(absent as object);
      return [await failureOf(events.insert(nowhere, CANARY, 1)), await failureOf(createTables(nowhere, [events]))];
    },
  ],
  [
    "a wrong password",
    async ({ engine, sql, table, openPool }) => {
      // The MariaDB of the tests has no grant tables, and so takes any password.
      if (engine.vendor === "mariadb") return [new Error("not shown here")];
      const events = await table();
      await sql("create user if not exists 'shopper'@'localhost' identified by 'another'");
      const wrong = await openPool({ user: "shopper", password: CANARY, acquireTimeout: 1000 });
      return [await failureOf(events.insert(wrong, CANARY, 1)), await failureOf(createTables(wrong, [events]))];
    },
  ],
  [
    "a question of the program's own that takes too long",
    async ({ db }) => [await failureOf(toDatabase(db).rows(`select sleep(9), '${CANARY}'`, [], { timeoutMs: 100 }))],
  ],
  [
    "a gap whose noop is refused",
    async ({ db, sql, table, lent }) => {
      const events = await table({ gaps: { noopValues: { foreign_id: CANARY }, graceMs: 0 } });
      await sql(`create unique index ${events.name}_once on ${events.name} (foreign_id)`);
      await events.insert(db, CANARY, 1);
      await lent(async (connection) => {
        await connection.beginTransaction();
        await events.insert(connection as never, "b", 1);
        await connection.rollback();
      });
      await events.insert(db, "c", 1);
      const stream = events.stream(db, "1");
      const error = await failureOf(stream.next());
      await stream.close();
      return [error];
    },
  ],
];
