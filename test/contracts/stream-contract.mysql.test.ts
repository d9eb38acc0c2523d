import { describeEachEngine, type EnginePool } from "../servers/engines.ts";
import { registerStreamContracts } from "./table-contracts.ts";

describeEachEngine((engine) => {
  let pool: Promise<EnginePool> | undefined;
  registerStreamContracts(() => (pool ??= engine.createPool()), engine.driver === "mysql2" ? "all" : "usual");
});
