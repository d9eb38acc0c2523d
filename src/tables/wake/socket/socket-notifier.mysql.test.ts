import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltLibrary, buildLibrary } from "../../../../test/support/package/built-library.ts";
import { describeEachServer } from "../../../../test/support/servers/engines.ts";
import { Reports } from "../../../../test/support/streams/gaps.ts";
import { makeTable } from "../../../../test/support/streams/streams.ts";
import { type SocketNotifierOptions, socketNotifier } from "./socket-notifier.ts";

interface Message {
  readonly kind: "ready" | "event" | "committed";
  readonly id?: string;
}

interface Task {
  readonly role: "idle" | "consume" | "write";
  readonly notifier: SocketNotifierOptions;
  readonly url?: string;
  readonly table?: string;
}

const program = fileURLToPath(new URL("../../../../test/support/notifier/notifier-process.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rsql-notify-"));
const children = new Set<ChildProcess>();
let library: BuiltLibrary;
let sockets = 0;

beforeAll(async () => {
  library = await buildLibrary();
}, 60_000);

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
  await library.remove();
});

async function start(task: Task): Promise<{ child: ChildProcess; messages: Reports<Message> }> {
  const child = fork(program, [library.url, JSON.stringify(task)], { execArgv: [] });
  children.add(child);
  const messages = new Reports<Message>();
  child.on("message", messages.add as (message: unknown) => void);
  if (task.role !== "idle") await messages.first(({ kind }) => kind === "ready");
  return { child, messages };
}

describeEachServer((engine) => {
  const kinds: [string, () => SocketNotifierOptions][] = [
    ["a unix socket", () => ({ path: join(folder, `${++sockets}.sock`) })],
    ["datagrams", () => ({ port: 41_000 + (process.pid % 1000) + ++sockets * 1000 })],
  ];

  // Catches a notifier that works among objects of one process only, and processes that hear nothing after the hub died.
  test.each(kinds)(
    "a commit wakes streams of other processes through %s, also after the first of them was killed",
    async (_, make) => {
      const pool = await engine.createRawPool();
      const { name: table } = await makeTable(pool);
      const notifier = make();
      const url = engine.url();
      const first = await start({ role: "consume", url, table, notifier });
      const second = await start({ role: "consume", url, table, notifier });
      const writer = await start({ role: "write", url, table, notifier });
      // The consumers do not poll by themselves. An event arrives because a wake-up came for it, or because the consumer
      // read the table when its link opened.
      const write = async (id: string): Promise<void> => {
        writer.child.send("insert");
        await writer.messages.first((message) => message.kind === "committed" && message.id === id);
      };
      const seen = (consumer: typeof first, id: string): Promise<Message> =>
        consumer.messages.first((message) => message.kind === "event" && message.id === id);
      for (const id of ["1", "2", "3"]) {
        await write(id);
        await Promise.all([seen(first, id), seen(second, id)]);
      }
      const gone = once(first.child, "exit");
      first.child.kill("SIGKILL");
      await gone;
      for (const id of ["4", "5", "6"]) {
        await write(id);
        expect(await seen(second, id)).toMatchObject({ id });
      }
    },
  );

  // Catches a socket, timer or pending write that keeps a process alive that has nothing left to do.
  test.each(kinds)("a process that listens on %s ends by itself", async (_, make) => {
    const notifier = make();
    const end = async (): Promise<unknown> => once((await start({ role: "idle", notifier })).child, "exit");
    // The first process is the hub itself. The next two are linked to a hub that stays.
    expect(await end()).toEqual([0, null]);
    const stays = socketNotifier(notifier);
    stays.notify();
    const exits = [await end(), await end()];
    await stays.close();
    expect(exits).toEqual([
      [0, null],
      [0, null],
    ]);
  });
});
