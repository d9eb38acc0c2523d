// A process of readers, each with a pool of its own, that write down each event and all that they are told.
import { setTimeout as delay } from "node:timers/promises";
import { Journal } from "../../faults/programs/journal.mjs";
import { openPool } from "../../faults/programs/open-pool.mjs";

const REOPEN_MS = 250;
const task = JSON.parse(process.argv[2]);
const { CursorsTable, createConsumer, EventsTable, runForever } = await import(task.library);
const journal = new Journal(task.journal);
const readers = new Map();

class Reader {
  #plan;
  #pool;
  #taken = [];
  #last = "";
  #giveUp = () => undefined;
  #givenUp = new Promise((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(plan, pool) {
    this.#plan = plan;
    this.#pool = pool;
  }

  async start() {
    this.#write({ kind: "start" });
    for (;;) {
      try {
        await (this.#plan.kind === "run" ? this.#run() : this.#stream());
        return this.#write({ kind: "ended", message: "it ended without an error" });
      } catch (error) {
        this.#write({ kind: "ended", code: error?.code, message: String(error) });
      }
      // As a program does that watches its readers.
      await delay(REOPEN_MS);
    }
  }

  /** Takes connections of the pool, as a part of the program does that knows nothing of the reader, and keeps them. */
  take(count) {
    for (let each = 0; each < count; each++) {
      const connection = this.#pool.getConnection();
      this.#taken.push(connection);
      connection.then(
        () => this.#write({ kind: "taken" }),
        (error) => this.#write({ kind: "not taken", message: String(error) }),
      );
    }
  }

  /** Gives back what was taken, and what will be; the handler gives up. */
  give() {
    this.#giveUp();
    for (const connection of this.#taken.splice(0)) {
      connection.then(
        (taken) => taken.release(),
        () => undefined,
      );
    }
  }

  async #stream() {
    for await (const { id, foreignId } of this.#events().stream(this.#pool, this.#last)) {
      this.#last = id;
      this.#write({ kind: "event", id, foreignId });
    }
  }

  async #run() {
    const { name, cursors, handlerTakes } = this.#plan;
    const observer = this.#observer();
    const consumer = createConsumer(name, async ({ id, foreignId }) => {
      if (foreignId === "take") await this.#handleWith(handlerTakes);
      this.#write({ kind: "event", id, foreignId });
    });
    const store = new CursorsTable(cursors, { observer }).toStore(this.#pool);
    await runForever({ stream: this.#events().toStream(this.#pool), cursors: store, consumer }, { observer });
  }

  /** As a handler that wants so many connections at a time, and tries until it has them or is told to give up. */
  async #handleWith(count) {
    this.#write({ kind: "handling" });
    const connections = [];
    const taking = async () => {
      while (connections.length < count) connections.push(await this.#pool.getConnection());
    };
    const release = () => connections.splice(0).forEach((connection) => connection.release());
    const taken = taking();
    try {
      await Promise.race([taken, this.#givenUp]);
    } finally {
      taken.then(release, release);
      release();
    }
  }

  #events() {
    return new EventsTable(this.#plan.table, { observer: this.#observer() });
  }

  #observer() {
    return {
      stall: ({ state, reason, message, blockedBy }) =>
        this.#write({ kind: "stall", state, code: reason, message, threadId: blockedBy?.threadId }),
      hold: ({ state, reason, error, message }) =>
        this.#write({ kind: "hold", state, code: error?.code ?? reason, message }),
      error: ({ activity, error }) =>
        this.#write({ kind: "error", state: activity, code: error?.code, message: `${activity}: ${error}` }),
    };
  }

  #write(line) {
    journal.write({ reader: this.#plan.name, ...line });
  }
}

const commands = {
  start: (reader) => void reader.start(),
  take: (reader, count) => reader.take(count),
  give: (reader) => reader.give(),
};

// A message before all pools are open would be lost.
const messages = [];
const obey = ({ to, command, count }) => commands[command](readers.get(to), count);
process.on("message", (message) => {
  if (message === "stop") process.exit();
  else messages.push(message);
});
// The harness has gone: nobody counts any more.
process.on("disconnect", () => process.exit());
for (const plan of task.readers) {
  const pool = await openPool(plan.driver, { ...plan.database, connectionLimit: plan.connections });
  // What mariadb's pool finds while nobody asks of it would end the process.
  pool.on?.("error", () => undefined);
  readers.set(plan.name, new Reader(plan, pool));
}
process.removeAllListeners("message");
process.on("message", (message) => (message === "stop" ? process.exit() : obey(message)));
messages.forEach(obey);
