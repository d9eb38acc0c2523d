import { createPool, type Pool } from "mysql2/promise";
import { expect, onTestFinished, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/support/servers/tcp-proxy.ts";
import { toDatabase } from "../handles/recognise.ts";

const LIMIT_MS = 3000;

describeEachServer((engine) => {
  function openPool({ port }: TcpProxy): Pool {
    const options = { host: "127.0.0.1", port, user: "root" };
    const pool = createPool({ ...options, connectionLimit: 3, connectTimeout: LIMIT_MS });
    onTestFinished(() => pool.end());
    return pool;
  }

  function one(pool: Pool): Promise<object[]> {
    return toDatabase(pool).session((session) => session.rows("select 1 as one", []));
  }

  // Catches attempts that wait for greetings that were lost until the driver's own limit, though the network is back.
  test("what waits for a connection gets one once the network is back, though its own was swallowed", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = openPool(proxy);
    const bringBack = proxy.blackHole();
    const [first, second] = [one(pool), one(pool)];
    // Both are swallowed for good, as is each one that replaces one of them now.
    const swallowed = new Promise<void>((resolve) => {
      const looking = setInterval(() => {
        if (proxy.connections < 2) return;
        clearInterval(looking);
        resolve();
      }, 5);
    });
    await swallowed;
    bringBack();
    expect(await Promise.all([first, second])).toEqual([[{ one: 1 }], [{ one: 1 }]]);
  });

  test("one that was given up leaves no place taken in its pool", async () => {
    await using proxy = await startTcpProxy(engine.socketPath);
    const pool = openPool(proxy);
    const bringBack = proxy.blackHole();
    const ended = await Promise.allSettled([one(pool), one(pool)]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    bringBack();
    expect(toDatabase(pool).poolState?.()).toMatchObject({ lent: 0, idle: 0, connecting: 0, waiting: 0 });
    expect(await Promise.all([one(pool), one(pool), one(pool)])).toHaveLength(3);
  });
});
