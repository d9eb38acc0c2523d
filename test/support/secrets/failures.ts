import {
  type Consumer,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  isReflexError,
  run,
  runForever,
} from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import { memoryCursorStore } from "reflex-rsql/testing";
import { failureOf } from "../errors/failure-of.ts";
import { newTableName } from "../tables/new-tables.ts";
import { duplicateOf, type Scene } from "./scene.ts";
import { CANARY } from "./told.ts";

/** Something that fails on every database, with the canary among its values. Resolves with the errors. */
export type Failure<S extends Scene> = readonly [what: string, provoke: (scene: S) => Promise<readonly unknown[]>];

/** A consumer whose own statement fails. */
async function failingConsumer(scene: Scene): Promise<Consumer> {
  const fail = await duplicateOf(scene, CANARY);
  return createConsumer("mailer", async () => void (await fail()));
}

async function tableWithEvent(scene: Scene): Promise<EventsTable> {
  const table = await scene.table();
  await table.insertWithMetadata(scene.db, CANARY, 1, CANARY);
  return table;
}

async function errorsTable({ db, told }: Scene): Promise<ErrorsTable> {
  const { observer, logger } = told;
  const errors = new ErrorsTable({ tableName: newTableName("errors"), observer, logger });
  await createTables(db, [errors]);
  return errors;
}

/** An error as an ORM throws it, with the statement's values in its message. */
function ormError(cause: unknown): Error {
  return Object.assign(new Error(`Failed query: insert\nparams: ${CANARY}`), {
    query: "insert",
    params: [CANARY],
    cause,
  });
}

export const failures: readonly Failure<Scene>[] = [
  [
    "a duplicate key",
    async ({ db, sql, table }) => {
      const events = await table();
      await sql(`create unique index ${events.name}_once on ${events.name} (foreign_id)`);
      await events.insertWithMetadata(db, CANARY, 1, CANARY);
      return [await failureOf(events.insertWithMetadata(db, CANARY, 1, CANARY))];
    },
  ],
  ["a missing table", async ({ db }) => [await failureOf(new EventsTable("nowhere").insert(db, CANARY, 1))]],
  [
    "a missing column",
    async ({ db, table }) => [
      await failureOf((await table()).clone({ metadataField: "nowhere" }).insertWithMetadata(db, CANARY, 1, CANARY)),
    ],
  ],
  [
    "an inserter whose statement is no SQL",
    async ({ db, table }) => {
      const events = await table({ inserter: async (tx) => (await tx.run(`insert '${CANARY}'`, [])).insertId });
      const error = await failureOf(events.insert(db, CANARY, 1));
      return [isReflexError(error) ? error : new Error("the inserter's own error")];
    },
  ],
  [
    "a consumer whose statement fails",
    async (scene) => {
      const [table, consumer] = [await tableWithEvent(scene), await failingConsumer(scene)];
      return [await failureOf(run({ stream: table.toStream(scene.db), cursors: memoryCursorStore(), consumer }))];
    },
  ],
  [
    "a consumer whose ORM fails",
    async (scene) => {
      const table = await tableWithEvent(scene);
      const fail = await duplicateOf(scene, CANARY);
      const consumer = createConsumer("mailer", async () => {
        throw ormError(await failureOf(fail));
      });
      return [await failureOf(run({ stream: table.toStream(scene.db), cursors: memoryCursorStore(), consumer }))];
    },
  ],
  [
    "a run that starts again",
    async (scene) => {
      const [table, consumer] = [await tableWithEvent(scene), await failingConsumer(scene)];
      const stopping = new AbortController();
      const logger = {
        warn: (message: string, details: object) => {
          scene.told.note(message, details);
          stopping.abort(new Error("seen enough"));
        },
      };
      const spec = { stream: table.toStream(scene.db), cursors: memoryCursorStore(), consumer };
      return [await failureOf(runForever(spec, { logger, signal: stopping.signal }))];
    },
  ],
  [
    "an error that can't be recorded",
    async (scene) => {
      const [table, consumer] = [await tableWithEvent(scene), await failingConsumer(scene)];
      const errors = new ErrorsTable({ tableName: "no_errors" }).toErrorInserter(scene.db);
      const wrapped = createDeadLetterConsumer(consumer, { errors, retries: 0 });
      return [
        await failureOf(run({ stream: table.toStream(scene.db), cursors: memoryCursorStore(), consumer: wrapped })),
      ];
    },
  ],
  [
    "an error that is recorded, and fails again",
    async (scene) => {
      const [table, consumer, errors] = [
        await tableWithEvent(scene),
        await failingConsumer(scene),
        await errorsTable(scene),
      ];
      const wrapped = createDeadLetterConsumer(consumer, { errors: errors.toErrorInserter(scene.db), retries: 0 });
      await run({
        stream: table.toStream(scene.db),
        cursors: memoryCursorStore(),
        consumer: wrapped,
        options: { toHead: true },
      });
      const [recorded] = await errors.list(scene.db);
      scene.told.note(recorded);
      const { failures: failed } = await errors.retryAll(scene.db, { consumer, events: table });
      return failed.map(({ error }) => error);
    },
  ],
  [
    "functions of the program's that fail while the library works",
    async (scene) => {
      const fail = await duplicateOf(scene, CANARY);
      const before = scene.told.count;
      const failing = fail as unknown as () => undefined;
      const table = await scene.table({ observer: { page: failing } });
      await table.insert(scene.db, CANARY, 1);
      await table.stream(scene.db, "", { toHead: true }).next();
      while (scene.told.count === before) await new Promise((resolve) => setTimeout(resolve, 5));
      return [new Error("told as a warning")];
    },
  ],
];
