import { type Database, type Executor, type Session, toDatabase } from "reflex-rsql";

/** A database whose sessions count the statements sent to the server, set-up left out. */
export function countedDatabase(handle: Parameters<typeof toDatabase>[0]): {
  database: Database;
  statements: () => number;
} {
  const database = toDatabase(handle);
  let count = 0;
  const counted = (session: Session): Session => ({
    run: (...call: Parameters<Executor["run"]>) => {
      count++;
      return session.run(...call);
    },
    rows: (...call) => {
      count++;
      return session.rows(...call);
    },
    control: (text, options) => {
      if (!text.startsWith("set ")) count++;
      return session.control(text, options);
    },
  });
  return {
    statements: () => count,
    database: {
      // Its own: sessions are shared by those of one identity, and would not be counted.
      identity: {},
      dialect: database.dialect,
      run: (...call) => database.run(...call),
      rows: (...call) => database.rows(...call),
      session: (use, options) => database.session((session) => use(counted(session)), options),
      transaction: (use, options) => database.transaction(use, options),
    },
  };
}
