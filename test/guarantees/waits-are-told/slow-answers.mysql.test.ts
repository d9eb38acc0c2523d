import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { createTables, type DatabaseHandle, type EventsLoader, EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { startRenumberingProxy, startSlowProxy } from "../../support/servers/odd-proxies.ts";
import { ownColumns } from "../../support/streams/loaders.ts";
import { quiet } from "../../support/streams/stalls.ts";
import { makeTable, rest, take } from "../../support/streams/streams.ts";
import { newTableName } from "../../support/tables/new-tables.ts";

const EVENTS = 40;

describeEachServer((engine) => {
  describe.concurrent("an answer that takes long is waited for:", () => {
    // Catches a statement that is given up since its server rests, while the answer is still on its way: it would come to that each time.
    test.each(["mysql2", "mariadb"])(
      "a page that comes slowly, long after the server has sent it, by %s",
      async (driver) => {
        const pool = await engine.createRawPool();
        const table = await makeTable(pool, { metadataField: "metadata", observer: quiet });
        const metadata = Buffer.alloc(100_000, "x");
        for (let id = 0; id < EVENTS; id++) await table.insertWithMetadata(pool, String(id), 1, metadata);
        await using proxy = await startSlowProxy(engine.socketPath, 500_000);
        const options = { host: "127.0.0.1", port: proxy.port, user: "root", database: engine.database };
        const far = driver === "mysql2" ? createPool(options) : createMariadbPool(options);
        expect(await rest(table.stream(far as DatabaseHandle, "", { toHead: true }))).toHaveLength(EVENTS);
        await far.end();
      },
    );

    // Catches a statement that is given up since the server's list has no session of the number that the driver knows.
    test("one through a proxy that numbers its connections itself", async () => {
      const pool = await engine.createRawPool();
      const name = newTableName("events");
      const load = ownColumns(name);
      const loader: EventsLoader = async (session, request) => {
        await session.rows("select sleep(4)", []);
        return load(session, request);
      };
      const table = new EventsTable(name, { loader, wake: false, observer: quiet });
      await createTables(pool, [table]);
      await table.insert(pool, "1", 1);
      await using proxy = await startRenumberingProxy(engine.socketPath);
      const far = createPool({ host: "127.0.0.1", port: proxy.port, user: "root", database: engine.database });
      const stream = table.stream(far, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      await stream.close();
      await far.end();
    });
  });
});
