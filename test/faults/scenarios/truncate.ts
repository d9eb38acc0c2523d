import type { Scenario } from "../scenario.ts";
import { type Rewrite, rewriteScenario } from "./rewrite.ts";

const prepare: Rewrite["prepare"] =
  async (_stage, { pool }) =>
  async () => {
    await pool.query("truncate table events");
    return "start";
  };

export const truncateThenFewer: Scenario = rewriteScenario({
  name: "truncate-then-fewer",
  about: "TRUNCATE; there are fewer new events than the cursor says when consumers look, and more later",
  fault: "truncate",
  prepare,
  newEvents: [50, 600],
});

export const truncateThenMore: Scenario = rewriteScenario({
  name: "truncate-then-more",
  about: "TRUNCATE; there are more new events than the cursor says when consumers look",
  fault: "truncate",
  prepare,
  newEvents: [600, 50],
});
