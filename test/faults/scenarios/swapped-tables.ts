import type { Scenario } from "../scenario.ts";
import { rewriteScenario } from "./rewrite.ts";

export const swappedTables: Scenario = rewriteScenario({
  name: "swapped-tables",
  about: "the table is swapped by RENAME TABLE for a copy that lacks the last ids, which are given again",
  fault: "tables swapped",
  prepare: async (stage, { pool }) => {
    const common = await stage.lastId(pool);
    return async () => {
      await pool.query("create table copy like events");
      await pool.query("insert into copy select * from events as e where e.id <= ?", [common]);
      await pool.query("rename table events to old, copy to events");
      return common;
    };
  },
  newEvents: [400, 50],
});
