import { registerStreamContracts } from "../support/contracts/table-contracts.ts";
import { describeEachDatabase } from "../support/databases/test-database.ts";

describeEachDatabase(
  ({ engine, open }) => registerStreamContracts(open, engine?.driver === "mariadb" ? "usual" : "all"),
  "each driver",
);
