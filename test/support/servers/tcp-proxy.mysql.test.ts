import { setTimeout as delay } from "node:timers/promises";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { expect, test } from "vitest";
import { describeEachServer } from "./engines.ts";
import { isPacket, isQuery, queryText } from "./packet-tests.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

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

  test("a commit that is cut before it reaches the server is rolled back", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = await engine.createRawPool();
    await pool.query("create table stopped (id int primary key)");
    const connection = await createConnection(proxy.url(engine.database));
    await connection.query("begin");
    await connection.query("insert into stopped values (1)");
    const dropped = proxy.dropBeforeForwarding(isQuery("commit"));
    await expect(connection.query("commit")).rejects.toThrow(/closed|lost|ECONNRESET/i);
    await dropped;
    await expect.poll(async () => (await pool.query("select id from stopped for update"))[0]).toEqual([]);
  });

  test("a connection is cut at the packet of a number, and those before it are answered", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const connection = await createConnection(proxy.url());
    const dropped = proxy.dropBeforeForwarding(isPacket(3));
    await connection.query("select 1");
    await connection.query("select 2");
    await expect(connection.query("select 3")).rejects.toThrow(/closed|lost|ECONNRESET/i);
    await dropped;
  });

  test("an answer that is held is given once it is released, and what the server did shows before that", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = await engine.createRawPool();
    await pool.query("create table held (id int primary key)");
    const connection = await createConnection(proxy.url(engine.database));
    const held = proxy.holdAnswer(isQuery("insert into held values (1)"));
    let answered = false;
    const answer = connection.query("insert into held values (1)").then(() => (answered = true));
    const answerHeld = await held;
    expect((await pool.query<RowDataPacket[]>("select id from held"))[0]).toEqual([{ id: 1 }]);
    await delay(50);
    expect(answered).toBe(false);
    answerHeld.release();
    await expect(answer).resolves.toBe(true);
    await connection.query("select 1");
    connection.destroy();
  });

  test("in a black hole nothing is answered, neither side hears of the other's end, and a cut ends it", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = await engine.createRawPool();
    const connection = await createConnection(proxy.url());
    const { threadId } = connection;
    const threads = async (): Promise<unknown> =>
      (await pool.query("select id from information_schema.processlist where id = ?", [threadId]))[0];
    const end = proxy.blackHole();
    let answered = false;
    void connection.query("select 1").then(() => (answered = true));
    // A new client is not even greeted.
    await expect(createConnection({ uri: proxy.url(), connectTimeout: 100 })).rejects.toThrow(/ETIMEDOUT/);
    end();
    const later = await createConnection(proxy.url());
    await expect(later.query("select 1")).resolves.toBeDefined();
    expect(answered).toBe(false);
    later.destroy();
    connection.destroy();
    await delay(50);
    expect(await threads()).toEqual([{ id: threadId }]);
    proxy.cut();
    await expect.poll(threads).toEqual([]);
  });

  test("what is delayed comes late, and is not overtaken by what comes after the delay", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const [delayed, direct] = [await createConnection(proxy.url()), await createConnection(engine.url())];
    const order: string[] = [];
    const ask = async (connection: typeof delayed, name: string): Promise<void> => {
      await connection.query("select 1");
      order.push(name);
    };
    const seen = new Promise<void>((resolve) => proxy.onCommand(() => resolve()));
    proxy.delay({ toServerMs: 100, toClientMs: 100 });
    const first = ask(delayed, "delayed");
    await seen;
    proxy.delay({});
    await Promise.all([first, ask(delayed, "after it"), ask(direct, "direct")]);
    expect(order).toEqual(["direct", "delayed", "after it"]);
    for (const connection of [delayed, direct]) connection.destroy();
  });

  test("new connections go to the server that the proxy is pointed to", async () => {
    await using proxy = await startTcpProxy("/nowhere/server.sock");
    await expect(createConnection(proxy.url())).rejects.toThrow(/closed|lost|ECONNRESET/i);
    proxy.pointTo(engine.socketPath);
    const connection = await createConnection(proxy.url());
    await expect(connection.query("select 1")).resolves.toBeDefined();
    connection.destroy();
  });
});
