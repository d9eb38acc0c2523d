import {
  CursorsTable,
  createConsumer,
  createTables,
  type DatabaseHandle,
  ErrorsTable,
  type EventsTable,
  type ExecutorHandle,
  run,
  runForever,
  transaction,
} from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases/test-database.ts";
import { failureOf } from "../support/errors/failure-of.ts";
import { printedByPino } from "../support/errors/printed-by-pino.mjs";
import { failures } from "../support/secrets/failures.ts";
import { makeScene, makeServerScene, type Scene } from "../support/secrets/scene.ts";
import { serverFailures } from "../support/secrets/server-failures.ts";
import { Told } from "../support/secrets/told.ts";
import { newTableName } from "../support/tables/new-tables.ts";

/** The words of what has caused an error, and of what has caused that. */
function wordsOfCauses(error: unknown): string[] {
  const { cause } = Object(error) as { cause?: unknown };
  if (cause === undefined) return [];
  const { sqlMessage, message } = Object(cause) as { sqlMessage?: unknown; message?: unknown };
  const words = typeof sqlMessage === "string" ? sqlMessage : message;
  return [...(typeof words === "string" && words !== "" ? [words] : []), ...wordsOfCauses(cause)];
}

/** The words of causes that pino prints more than once, and what it prints. */
function repeated(error: unknown): readonly (readonly [words: string, printed: string])[] {
  const printed = printedByPino(error);
  return wordsOfCauses(error).flatMap((words) => (printed.split(words).length > 2 ? [[words, printed] as const] : []));
}

const failing = createConsumer("mailer", () => Promise.reject(new Error("no such address")));

interface Parts {
  readonly db: DatabaseHandle;
  readonly events: EventsTable;
  readonly cursors: CursorsTable;
  readonly errors: ErrorsTable;
  readonly drop: (table: string) => Promise<unknown>;
}

async function makeParts({ db, table, sql }: Scene): Promise<Parts> {
  const events = await table();
  const cursors = new CursorsTable(newTableName("cursors"), { asyncPeriodMs: 0 });
  const errors = new ErrorsTable({ tableName: newTableName("errors") });
  await createTables(db, [cursors, errors]);
  await events.insert(db, "a", 1);
  return { db, events, cursors, errors, drop: (name) => sql(`drop table ${name}`) };
}

/** Ways in which what reads events can end. */
const ends: readonly (readonly [what: string, provoke: (parts: Parts) => Promise<unknown>])[] = [
  [
    "a run whose consumer fails",
    ({ db, events, cursors }) =>
      run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer: failing, options: { toHead: true } }),
  ],
  [
    "a run without its events table",
    async ({ db, events, cursors, drop }) => {
      await drop(events.name);
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer: failing });
    },
  ],
  [
    "a run without its cursors table",
    async ({ db, events, cursors, drop }) => {
      await drop(cursors.name);
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer: failing });
    },
  ],
  [
    "a run whose cursors table is dropped under it",
    async ({ db, events, cursors, drop }) => {
      const consumer = createConsumer("mailer", async () => void (await drop(cursors.name)));
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer });
    },
  ],
  [
    "a run whose handler fails at a statement",
    async ({ db, events, cursors }) => {
      const consumer = createConsumer("mailer", async () => void (await cursors.clone().list(db)));
      const wrong = new CursorsTable("nowhere");
      const fails = createConsumer("mailer", async () => void (await wrong.list(db)));
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer, options: { toHead: true } });
      await events.insert(db, "b", 1);
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer: fails });
    },
  ],
  [
    "a run whose dead letters can't be recorded",
    async ({ db, events, cursors, errors, drop }) => {
      await drop(errors.name);
      const consumer = createDeadLetterConsumer(failing, { errors: errors.toErrorInserter(db), retries: 0 });
      await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer });
    },
  ],
  [
    "a retry of an error",
    async ({ db, events, errors }) => {
      const id = await errors.toErrorInserter(db)({ consumer: "mailer", eventId: "1", message: "x" });
      await errors.retry(db, id, { consumer: failing, events });
    },
  ],
  [
    "a retry that can't be recorded",
    async ({ db, events, errors, drop }) => {
      const id = await errors.toErrorInserter(db)({ consumer: "mailer", eventId: "1", message: "x" });
      const consumer = createConsumer("mailer", async () => {
        await drop(errors.name);
        throw new Error("no such address");
      });
      await errors.retry(db, id, { consumer, events });
    },
  ],
  [
    "a stream without its table",
    async ({ db, events, drop }) => {
      await drop(events.name);
      await events.stream(db, "").next();
    },
  ],
  [
    "a stream whose table is dropped under it",
    async ({ db, events, drop }) => {
      const stream = events.stream(db, "");
      await stream.next();
      await drop(events.name);
      await stream.next();
    },
  ],
  ["a stream from nowhere", async ({ db, events }) => void (await events.stream(db, "99").next())],
  ["a cursor that is none", async ({ db, events }) => void (await events.cursorAt(db, "x").catch(rethrown))],
  ["a cursor of a missing table", async ({ db }) => void (await new CursorsTable("nowhere").getCursor(db, "mailer"))],
  [
    "a transaction whose insert fails",
    async ({ db, events, drop }) => {
      await drop(events.name);
      await transaction(db, (tx) => events.insert(tx as ExecutorHandle, "a", 1));
    },
  ],
];

function rethrown(error: unknown): never {
  throw error;
}

describeEachDatabase((database) => {
  // Catches a message that repeats the words of its cause: loggers such as pino print these behind it.
  test.each(ends)("pino prints each cause once of %s", async (_what, provoke) => {
    using told = new Told();
    const error = await failureOf(provoke(await makeParts(await makeScene(database, told))));
    expect(error).toBeInstanceOf(Error);
    expect(repeated(error)).toEqual([]);
    expect(told.errors.flatMap(repeated)).toEqual([]);
  });

  // Catches the same of a run that goes on, whose errors its observer is told.
  test("pino prints each cause once of what runForever tells", async () => {
    using told = new Told();
    const { db, events, cursors, drop } = await makeParts(await makeScene(database, told));
    const ending = new AbortController();
    const observer = {
      error: (report: { error: unknown }) => {
        told.noteError(report.error);
        ending.abort();
      },
    };
    await drop(cursors.name);
    const spec = { stream: events.toStream(db), cursors: cursors.toStore(db), consumer: failing };
    await failureOf(runForever(spec, { observer, signal: ending.signal }));
    expect(told.errors).not.toEqual([]);
    expect(told.errors.flatMap(repeated)).toEqual([]);
  });

  test.each(failures)("pino prints each cause once of %s", async (_what, provoke) => {
    using told = new Told();
    const errors = await provoke(await makeScene(database, told));
    expect([...errors, ...told.errors].flatMap(repeated)).toEqual([]);
  });

  const { engine } = database;
  if (engine === undefined) return;
  test.each(serverFailures)("pino prints each cause once of %s", async (_what, provoke) => {
    using told = new Told();
    const errors = await provoke(await makeServerScene(database, engine, told));
    expect([...errors, ...told.errors].flatMap(repeated)).toEqual([]);
  });
}, "each driver");
