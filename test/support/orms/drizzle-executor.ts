import type { ResultSetHeader } from "mysql2/promise";
import type { Executor, SqlParam } from "reflex-rsql";
import type { Engine } from "../servers/engines.ts";
import type { OrmTransactions } from "./orm-transactions.ts";

/** The part of Drizzle that is used. */
interface Drizzle {
  transaction(use: (tx: { execute(statement: unknown): Promise<unknown> }) => Promise<void>): Promise<void>;
}
interface DrizzleSql {
  (strings: TemplateStringsArray, ...values: readonly unknown[]): unknown;
  raw(text: string): unknown;
  join(parts: readonly unknown[]): unknown;
}

// Names in variables, since this compiler refuses the types of Drizzle.
const packages = { core: "drizzle-orm", driver: "drizzle-orm/mysql2" } as const;

/** Transactions of Drizzle, whose errors hold the statement and its values; the driver's error is their `cause`. */
export async function drizzleTransactions(engine: Engine): Promise<OrmTransactions> {
  const { sql } = (await import(packages.core)) as { sql: DrizzleSql };
  const { drizzle } = (await import(packages.driver)) as { drizzle: (options: { client: unknown }) => Drizzle };
  /** The statement as Drizzle takes it: its text in parts, with the values between them. */
  const statement = (text: string, params: readonly SqlParam[]): unknown => {
    const [first = "", ...rest] = text.split("?");
    return sql.join([sql.raw(first), ...rest.flatMap((part, index) => [sql`${params[index]}`, sql.raw(part)])]);
  };
  const database = drizzle({ client: await engine.createRawPool() });
  return (use) =>
    database.transaction(async (tx) => {
      const executor: Executor = {
        run: async (text, params) => {
          const [header] = (await tx.execute(statement(text, params))) as [ResultSetHeader];
          return { affectedRows: header.affectedRows, insertId: String(header.insertId) };
        },
        rows: async <R extends object>(text: string, params: readonly SqlParam[]) => {
          const [rows] = (await tx.execute(statement(text, params))) as [R[]];
          return rows;
        },
      };
      await use(executor);
    });
}
