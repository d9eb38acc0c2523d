import { registerStreamContracts } from "../support/contracts/table-contracts.ts";
import { describeEachEngine, type EnginePool } from "../support/servers/engines.ts";

describeEachEngine((engine) => {
  let pool: Promise<EnginePool> | undefined;
  registerStreamContracts(() => (pool ??= engine.createPool()), engine.driver === "mysql2" ? "all" : "usual");
});
