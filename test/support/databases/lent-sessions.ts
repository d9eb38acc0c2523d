import type { Database, Session, SessionOptions } from "../../../src/database/database.ts";
import { mysqlDialect } from "../../../src/database/mysql-dialect.ts";

/** A database without a server, that lends sessions and tells what became of them. */
export class LentSessions {
  taken = 0;
  released = 0;
  /** What whoever asks for a session is refused with. */
  refuse: Error | undefined;
  /** How many connections the pool has; undefined if it does not tell. */
  poolSize: number | undefined;
  readonly #onShortage = new Set<() => void>();
  /** With what each was asked for. */
  readonly options: SessionOptions[] = [];
  /** What was sent as it is. */
  readonly texts: string[] = [];

  get database(): Database {
    const never = (): never => {
      throw new Error("not used");
    };
    return {
      identity: this,
      dialect: mysqlDialect,
      poolSize: this.poolSize,
      onShortage: (listener) => {
        this.#onShortage.add(listener);
        return () => this.#onShortage.delete(listener);
      },
      run: never,
      rows: never,
      transaction: never,
      session: async (use, options = {}) => {
        const { refuse } = this;
        if (refuse !== undefined) throw refuse;
        this.options.push(options);
        const number = ++this.taken;
        try {
          return await use(this.#session(number));
        } finally {
          this.released++;
        }
      },
    };
  }

  /** Someone has to wait for a connection. */
  runShort(): void {
    for (const listener of this.#onShortage) listener();
  }

  /** How many listen for shortages. */
  get listeners(): number {
    return this.#onShortage.size;
  }

  /** Its statements tell which one it is, by the id that they insert. */
  #session(number: number): Session {
    return {
      run: () => Promise.resolve({ affectedRows: 0, insertId: String(number) }),
      rows: () => Promise.resolve([]),
      control: (text) => {
        this.texts.push(text);
        return Promise.resolve([]);
      },
    };
  }
}
