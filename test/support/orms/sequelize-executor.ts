import type { Executor, SqlParam } from "reflex-rsql";
import { onTestFinished } from "vitest";
import type { Engine } from "../servers/engines.ts";
import type { OrmTransactions } from "./orm-transactions.ts";

/** The part of Sequelize that is used. */
interface SequelizeInstance {
  transaction(use: (transaction: object) => Promise<void>): Promise<void>;
  query(text: string, options: object): Promise<unknown>;
  close(): Promise<void>;
}
interface SequelizePackage {
  readonly QueryTypes: { readonly INSERT: string; readonly SELECT: string };
  readonly Sequelize: new (database: string, user: string, password: string, options: object) => SequelizeInstance;
}

// A name in a variable, since this compiler refuses the types of Sequelize.
const packageName: string = "sequelize";

/** Sequelize takes bytes as a Buffer only. */
function replacements(params: readonly SqlParam[]): unknown[] {
  return params.map((param) => (param instanceof Uint8Array ? Buffer.from(param) : param));
}

/** Transactions of Sequelize, whose errors hold the driver's as `parent` and `original`. */
export async function sequelizeTransactions(engine: Engine): Promise<OrmTransactions> {
  const { QueryTypes, Sequelize } = (await import(packageName)) as SequelizePackage;
  const sequelize = new Sequelize(engine.database, "root", "", {
    dialect: "mysql",
    dialectOptions: { socketPath: engine.socketPath },
    logging: false,
  });
  onTestFinished(() => sequelize.close());
  return (use) =>
    sequelize.transaction(async (transaction) => {
      const executor: Executor = {
        run: async (text, params) => {
          const options = { replacements: replacements(params), type: QueryTypes.INSERT, transaction };
          const [insertId, affectedRows] = (await sequelize.query(text, options)) as [number, number];
          return { affectedRows, insertId: String(insertId) };
        },
        rows: async <R extends object>(text: string, params: readonly SqlParam[]) => {
          const options = { replacements: replacements(params), type: QueryTypes.SELECT, transaction };
          return (await sequelize.query(text, options)) as R[];
        },
      };
      await use(executor);
    });
}
