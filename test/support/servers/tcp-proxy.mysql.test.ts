import { setTimeout as delay } from "node:timers/promises";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { expect, test } from "vitest";
import { describeEachServer } from "./engines.ts";
import { isQuery, queryText, startTcpProxy } from "./tcp-proxy.ts";

describeEachServer((engine) => {
  test("what a client sends is seen, and its answers come back", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const commands: (string | undefined)[] = [];
    const connection = await createConnection(proxy.url());
    const stop = proxy.onCommand((packet) => commands.push(queryText(packet)));
    const [rows] = await connection.query<RowDataPacket[]>("select 1 as one");
    stop();
    await connection.query("select 2");
    expect(rows).toEqual([{ one: 1 }]);
    expect(commands).toEqual(["select 1 as one"]);
    connection.destroy();
  });

  test("a commit whose answer is lost is committed, and its client sees a broken connection", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = await engine.createRawPool();
    await pool.query("create table lost (id int primary key)");
    const connection = await createConnection(proxy.url(engine.database));
    await connection.query("begin");
    await connection.query("insert into lost values (1)");
    const dropped = proxy.dropAfterForwarding(isQuery("commit"));
    await expect(connection.query("commit")).rejects.toThrow(/closed|lost|ECONNRESET/i);
    await dropped;
    expect((await pool.query<RowDataPacket[]>("select id from lost"))[0]).toEqual([{ id: 1 }]);
  });

  test("a paused proxy holds answers until it is resumed", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const connection = await createConnection(proxy.url());
    proxy.pause();
    let answered = false;
    const answer = connection.query("select 1").then(() => (answered = true));
    await delay(100);
    expect(answered).toBe(false);
    proxy.resume();
    await expect(answer).resolves.toBe(true);
    connection.destroy();
  });

  test("a cut breaks the connections that are there, and new ones are taken", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const first = await createConnection(proxy.url());
    expect(proxy.connections).toBe(1);
    const query = first.query("select sleep(5)");
    proxy.cut();
    await expect(query).rejects.toThrow(/closed|lost|ECONNRESET/i);
    const second = await createConnection(proxy.url());
    await expect(second.query("select 1")).resolves.toBeDefined();
    second.destroy();
  });
});
