import { describeEachEngine, type EnginePool } from "../servers/engines.ts";
import { registerCursorContracts } from "./table-contracts.ts";

describeEachEngine((engine) => {
  let pool: Promise<EnginePool> | undefined;
  registerCursorContracts(() => (pool ??= engine.createPool()), engine.driver === "mysql2" ? "all" : "usual");
});
