import { registerCursorContracts } from "../support/contracts/table-contracts.ts";
import { describeEachDatabase } from "../support/databases/test-database.ts";

describeEachDatabase(
  ({ engine, open }) => registerCursorContracts(open, engine?.driver === "mariadb" ? "usual" : "all"),
  "each driver",
);
