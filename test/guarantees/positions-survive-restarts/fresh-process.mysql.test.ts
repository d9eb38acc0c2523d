import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChildProgram } from "../../support/model/child-program.ts";
import { type BuiltLibrary, buildLibrary } from "../../support/package/built-library.ts";
import {
  addLater,
  changeTable,
  fill,
  MAILER,
  openPlace,
  type Place,
  resetByPerson,
  type TableChange,
  tableChanges,
} from "../../support/runs/changed-tables.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { Reports } from "../../support/streams/gaps.ts";

type Message = { kind: "event"; foreignId: string } | { kind: "hold"; state: string; code: string };

describe("in a fresh process, with the defaults of everything", () => {
  let library: BuiltLibrary | undefined;
  const children = new Set<ChildProgram<Message>>();

  beforeAll(async () => {
    library = await buildLibrary();
  });
  afterAll(async () => {
    for (const child of children) child.close();
    await library?.remove();
  });

  /** Starts a process that runs the consumer, to the head or for ever. */
  function startMailer(place: Place, toHead: boolean): { messages: Reports<Message>; done: Promise<void> } {
    const { engine, events, cursors, cursorUrl } = place;
    const child = new ChildProgram<Message>("consumer.mjs", library?.url ?? "");
    children.add(child);
    const messages = new Reports<Message>();
    const url = engine.url();
    const task = { url, cursorUrl, table: events.name, cursors: cursors.name, name: MAILER, toHead };
    const done = child.work(task, messages.add);
    done.catch(() => undefined);
    return { messages, done };
  }

  describeEachServer((engine) => {
    // Catches what only a test's own process knows: memory of the last event, hooks that make waits short.
    test.concurrent.each(tableChanges)("a table that was $name loses no event to a consumer", async (change) => {
      const place = await openPlace(engine, change);
      await fill(place, change, () => startMailer(place, true).done);
      await changeTable(place, change);
      const { messages } = startMailer(place, false);
      const added =
        change.code === undefined ? await addLater(place, change) : await heldThenReset(place, change, messages);
      await messages.first((_message, index) => foreignIds(messages.all.slice(0, index + 1)).length === added.length);
      expect(foreignIds(messages.all)).toEqual(added);
    });
  });
});

async function heldThenReset(place: Place, change: TableChange, messages: Reports<Message>): Promise<string[]> {
  expect(await messages.first()).toEqual({ kind: "hold", state: "held", code: change.code });
  const added = await addLater(place, change);
  expect(await resetByPerson(place, change)).toMatchObject({ outcome: "obeyed" });
  expect(await messages.first((_message, index) => index === 1)).toEqual({
    kind: "hold",
    state: "released",
    code: change.code,
  });
  return added;
}

function foreignIds(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => (message.kind === "event" ? [message.foreignId] : []));
}
