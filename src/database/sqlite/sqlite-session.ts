import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkStatement } from "../call-checks.ts";
import type { RunResult, Session, Statement } from "../database.ts";

/** Runs statements, each in a transaction of its own. */
export interface StatementRunner {
  run(statement: Statement, options: CallOptions): Promise<RunResult>;
  rows<R extends object>(statement: Statement, options: CallOptions): Promise<R[]>;
}

/** A session whose calls are checked before `runner` gets them. */
export function sqliteSession(runner: StatementRunner): Session {
  return {
    run: async (sql, params, options = {}) => {
      const checked = checkStatement(sql, options);
      return runner.run({ sql, params }, checked);
    },
    rows: async (sql, params, options = {}) => {
      const checked = checkStatement(sql, options);
      return runner.rows({ sql, params }, checked);
    },
    control: async (text, options = {}) => {
      const checked = checkStatement(text, options);
      return runner.rows({ sql: text, params: [] }, checked);
    },
  };
}
