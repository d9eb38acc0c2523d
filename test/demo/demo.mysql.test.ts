import { createPool, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findServer, howToInstall } from "../../src/testing/servers/find-server.ts";
import { startPrivateServer } from "../../src/testing/servers/private-server.ts";
import { describeEachServer } from "../support/servers/engines.ts";
import { BuiltDemo, stillRunning } from "./built-demo.ts";
import { passed, rolledBack, short } from "./told.ts";

const LIMIT_MS = 60_000;
let demo: BuiltDemo;

beforeAll(async () => {
  demo = await BuiltDemo.build();
}, LIMIT_MS);
afterAll(() => demo.remove());

describe("on a private server", { timeout: LIMIT_MS }, () => {
  test("everything agrees, and nothing of it is left", async ({ skip }) => {
    if ((await findServer()) === undefined) skip(howToInstall());
    const run = await demo.start(["--engine", "private", ...short]);
    await run.printed("read-model back");
    const pids = await run.descendants();
    expect(await run.story()).toMatch(/\nexit 0$/);
    expect(run.output).toMatch(passed);
    expect(run.output).toMatch(/a server of the demo's own/);
    expect(run.output).toMatch(rolledBack("a"));
    expect(run.output).toMatch(/^ {2}gaps closed +[1-9]/m);
    expect(run.output).toMatch(/^ {2}longest wait at a gap +[\d.]+ s +of [1-9]/m);
    expect(run.output.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(await stillRunning(pids)).toEqual([]);
    expect(await run.leftFiles()).toEqual([]);
  });

  // Catches a check that takes the ids between as lost, and a lag that counts ids.
  test("a server that gives every third id only is as good", async ({ skip }) => {
    if ((await findServer()) === undefined) skip(howToInstall());
    await using server = await startPrivateServer({ flags: ["--auto-increment-increment=3"] });
    const pool = createPool(server.url);
    await pool.query("create database shop");
    await pool.end();
    const run = await demo.start(["--database", server.url.replace("/?", "/shop?"), ...short]);
    expect(await run.story()).toMatch(/\nexit 0$/);
    expect(run.output).toMatch(passed);
    expect(run.output).toContain("Ids go up by 3 here");
  });

  test("a parent that is killed leaves no process and no folder", async ({ skip }) => {
    if ((await findServer()) === undefined) skip(howToInstall());
    const run = await demo.start(["--engine", "private", ...short]);
    await run.printed("writers, read-model and mailer start");
    const pids = await run.descendants();
    expect(pids.length).toBeGreaterThan(6);
    run.kill("SIGKILL");
    await run.ended();
    expect(await stillRunning(pids)).toEqual([]);
    expect(await run.leftFiles()).toEqual([]);
  });
});

describeEachServer((engine) => {
  async function contents(): Promise<unknown[]> {
    const pool = createPool(engine.url());
    try {
      const [tables] = await pool.query<RowDataPacket[]>({ sql: "show tables", rowsAsArray: true });
      const [rows] = await pool.query<RowDataPacket[]>("select * from orders");
      return [tables, rows];
    } finally {
      await pool.end();
    }
  }

  beforeAll(async () => {
    const pool = await engine.createRawPool();
    await pool.query("create table orders (id int primary key)");
    await pool.query("insert into orders values (1), (2)");
  });

  test("a database of one's own is as it was after the demo", { timeout: LIMIT_MS }, async () => {
    const before = await contents();
    const run = await demo.start(["--database", engine.url(), ...short]);
    expect(await run.story()).toMatch(/\nexit 0$/);
    expect(run.output).toMatch(passed);
    expect(run.output).toContain(`yours at localhost/${engine.database}`);
    expect(await contents()).toEqual(before);
  });

  test("Ctrl-C ends it with its processes, tables and files, and exit code 130", { timeout: LIMIT_MS }, async () => {
    const before = await contents();
    const run = await demo.start(["--seconds", "60"], { DATABASE_URL: engine.url() });
    await run.printed(" rolled back, ");
    const pids = await run.descendants();
    expect(pids.length).toBeGreaterThan(4);
    run.kill("SIGINT");
    expect(await run.story()).toMatch(/\nexit 130$/);
    expect(run.output).toContain("Stopped; nothing of the demo is left.");
    expect(await stillRunning(pids, 0)).toEqual([]);
    expect(await contents()).toEqual(before);
    expect(await run.leftFiles()).toEqual([]);
  });
});
