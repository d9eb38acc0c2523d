import type { ReflexEvent } from "../../reflex/event.ts";
import { assertEqual, assertPending, assertThat } from "../tables/assertions.ts";
import { foreignIds, type StreamRules } from "./event-stream-scene.ts";

/** What a stream delivers, and how. */
export const deliveryRules: StreamRules = {
  "delivers every event once, in the order of ids": async (scene) => {
    await scene.insert(12);
    await scene.insert(1);
    const events = await scene.toHead();
    assertEqual(foreignIds(events), scene.inserted, "the foreign ids of the events");
    const ids = events.map(({ id }) => id);
    for (const id of ids) assertThat(/^[1-9]\d*$/.test(id), `the id of an event must be a decimal number, found ${id}`);
    const ascending = ids.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    assertEqual(ids, ascending, "the ids of the events");
    assertEqual(new Set(ids).size, ids.length, "the number of different ids");
  },

  "delivers events whose parts have the types that consumers rely on": async (scene) => {
    await scene.insert(1);
    for (const event of await scene.toHead()) {
      const { id, type, foreignId, timestampMicros, timestamp } = event;
      assertEqual([typeof id, typeof foreignId], ["string", "string"], "the types of id and foreignId");
      assertThat(Number.isSafeInteger(type), `type must be a whole number, found ${type}`);
      assertThat(Number.isSafeInteger(timestampMicros), `timestampMicros must be whole, found ${timestampMicros}`);
      assertEqual(timestamp, new Date(Math.floor(timestampMicros / 1000)), "the timestamp of an event as a Date");
      for (const bytes of [event.metadata, event.trace]) {
        assertThat(bytes === undefined || bytes instanceof Uint8Array, "metadata and trace must be bytes or undefined");
      }
    }
  },

  "delivers the same events to each stream, though consumers freeze them": async (scene) => {
    await scene.insert(3);
    const first = await scene.toHead();
    const seen = first.map(facts);
    for (const event of first) {
      // A date that is changed must not change the event.
      event.timestamp.setTime(0);
      Object.freeze(event);
    }
    const second = await scene.toHead();
    assertEqual(second.map(facts), seen, "what another stream delivers");
    assertEqual(first.map(facts), seen, "what the events are after a consumer changed their dates");
  },

  "gives streams that run side by side all events each": async (scene) => {
    await scene.insert(2);
    const streams = [scene.open(""), scene.open("")];
    await scene.insert(2);
    for (const stream of streams) {
      const events = [];
      while (events.length < 4) events.push(await scene.next(stream));
      assertEqual(foreignIds(events), scene.inserted, "the foreign ids of the events");
    }
  },

  "waits at the head, and delivers what is inserted then": async (scene) => {
    await scene.insert(1);
    const stream = scene.open("");
    await scene.next(stream);
    const pending = stream.next();
    await assertPending(pending, "a stream at the head");
    await scene.insert(1);
    const { value } = await scene.within("the event that was inserted", pending);
    assertEqual(foreignIds([value as ReflexEvent]), scene.inserted.slice(1), "what a stream at the head delivers");
  },

  "answers reads that are asked for at once in their order": async (scene) => {
    await scene.insert(2);
    const stream = scene.open("");
    const pending = Promise.all([stream.next(), stream.next(), stream.next()]);
    await scene.insert(1);
    const results = await scene.within("three events", pending);
    const events = results.map(({ value }) => value as ReflexEvent);
    assertEqual(foreignIds(events), scene.inserted, "the foreign ids of the events");
  },

  "gives the same events by batches, none of them empty": async (scene) => {
    await scene.insert(7);
    const stream = scene.open("", { toHead: true });
    const found: ReflexEvent[] = [];
    const batches = stream.batches();
    for (;;) {
      const batch = await scene.within("the next batch or the end", batches.next());
      if (batch.done === true) break;
      assertThat(batch.value.length > 0, "a batch must not be empty");
      found.push(...batch.value);
      const reached = BigInt(stream.position) >= BigInt(found.at(-1)?.id ?? 0);
      assertThat(reached, `the position must be past the batch, found ${stream.position}`);
    }
    assertEqual(foreignIds(found), scene.inserted, "the foreign ids of the events in batches");
  },

  "is for one reader: a second iterator, or batches beside iteration, throws": async (scene) => {
    await scene.insert(1);
    const iterated = scene.open("", { toHead: true });
    iterated[Symbol.asyncIterator]();
    assertThrows(() => iterated[Symbol.asyncIterator](), "a second iterator");
    assertThrows(() => iterated.batches(), "batches() beside iteration");
    const batched = scene.open("", { toHead: true });
    batched.batches();
    assertThrows(() => batched[Symbol.asyncIterator](), "iteration beside batches()");
  },

  "holds events back until they are as old as lagMs says": async (scene) => {
    await scene.insert(1);
    const stream = scene.open("", { lagMs: 600_000 });
    const pending = stream.next();
    await assertPending(pending, "an event that is younger than lagMs");
    await stream.close();
    await scene.within("the end of a stream that holds an event back", pending);
    assertEqual(foreignIds([await scene.next(scene.open("", { lagMs: 1 }))]), scene.inserted, "an event that is old");
  },
};

function facts({ id, type, foreignId, timestampMicros, timestamp, metadata, trace }: ReflexEvent): object {
  return { id, type, foreignId, timestampMicros, timestamp: timestamp.getTime(), metadata, trace };
}

function assertThrows(work: () => unknown, what: string): void {
  let threw = false;
  try {
    work();
  } catch {
    threw = true;
  }
  assertThat(threw, `${what} must throw, since two readers would share the events`);
}
