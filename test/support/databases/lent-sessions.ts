import type { Database, Session, SessionOptions } from "../../../src/database/database.ts";
import { mysqlDialect } from "../../../src/database/mysql-dialect.ts";

/** A database without a server, that lends sessions and tells what became of them. */
export class LentSessions {
  taken = 0;
  released = 0;
  /** What whoever asks for a session is refused with. */
  refuse: Error | undefined;
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
      run: never,
      rows: never,
      transaction: never,
      session: async (use, options = {}) => {
        if (this.refuse !== undefined) throw this.refuse;
        this.options.push(options);
        this.taken++;
        try {
          return await use(this.#session());
        } finally {
          this.released++;
        }
      },
    };
  }

  /** Its statements tell which one it is, by the id that they insert. */
  #session(): Session {
    return {
      run: () => Promise.resolve({ affectedRows: 0, insertId: String(this.taken) }),
      rows: () => Promise.resolve([]),
      control: (text) => {
        this.texts.push(text);
        return Promise.resolve([]);
      },
    };
  }
}
