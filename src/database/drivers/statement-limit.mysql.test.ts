import { describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { toDatabase, toInsertTarget } from "../handles/recognise.ts";
import { transaction } from "../handles/transaction.ts";

describeEachEngine((engine) => {
  describe("a statement of ours that is given up inside a transaction", () => {
    test("ends the transaction, also if the user's work goes on: nothing of it commits", async () => {
      const raw = await engine.createRawPool();
      await raw.query("create table limited (name varchar(20) primary key)");
      await raw.query("insert into limited values ('locked')");
      const other = await raw.getConnection();
      await other.query("start transaction");
      await other.query("select * from limited for update");
      const pool = await engine.createPool({ connectionLimit: 1 });
      const failing = transaction(pool, async (tx) => {
        const target = toInsertTarget(tx);
        if (target.kind !== "transaction") throw new Error("a connection is not recognised");
        const waiting = target.executor.run("delete from limited where name = ?", ["locked"], { timeoutMs: 100 });
        await expect(waiting).rejects.toThrow(expect.objectContaining({ code: "time_limit" }));
        await other.query("rollback");
      });
      await expect(failing).rejects.toThrow(expect.objectContaining({ code: "transaction_lost" }));
      other.release();
      expect(await toDatabase(pool).rows("select name from limited", [])).toEqual([{ name: "locked" }]);
    });
  });
});
