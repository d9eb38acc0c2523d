import { assertEqual } from "../tables/assertions.ts";
import { foreignIds, type StreamRules } from "./event-stream-scene.ts";

/** Where a stream starts, and how far it has come. */
export const startRules: StreamRules = {
  'starts at the beginning for "" and for "0" alike': async (scene) => {
    await scene.insert(2);
    assertEqual(foreignIds(await scene.toHead("")), scene.inserted, 'the events after ""');
    assertEqual(foreignIds(await scene.toHead("0")), scene.inserted, 'the events after "0"');
  },

  "resumes after the id of any event": async (scene) => {
    await scene.insert(11);
    const events = await scene.toHead();
    for (const [index, { id }] of events.entries()) {
      const rest = foreignIds(await scene.toHead(id));
      assertEqual(rest, scene.inserted.slice(index + 1), `the events after ${id}`);
    }
  },

  "resumes by its position at the first event that it has not handed over": async (scene) => {
    await scene.insert(4);
    const stream = scene.open("");
    for (let read = 0; read <= 4; read++) {
      if (read > 0) await scene.next(stream);
      const rest = foreignIds(await scene.toHead(stream.position));
      assertEqual(rest, scene.inserted.slice(read), `the events after its position, ${stream.position}`);
    }
  },

  "opens nothing before it is read: what is inserted until then is delivered with toHead": async (scene) => {
    await scene.insert(1);
    const stream = scene.open("", { toHead: true });
    await scene.insert(1);
    assertEqual(foreignIds(await scene.rest(stream)), scene.inserted, "the foreign ids of the events");
  },

  "tells by start() the cursor that it starts after": async (scene) => {
    await scene.insert(3);
    const [first] = await scene.toHead();
    const stream = scene.open(first?.id ?? "", { toHead: true });
    assertEqual(await scene.within("start()", stream.start()), first?.id, "what start() resolves with");
    assertEqual(stream.position, first?.id, "the position before the first event");
    assertEqual(foreignIds(await scene.rest(stream)), scene.inserted.slice(1), "the events after start()");
    const fromBeginning = await scene.within("start()", scene.open("").start());
    assertEqual(foreignIds(await scene.toHead(fromBeginning)), scene.inserted, `the events after ${fromBeginning}`);
  },

  "delivers from the head only what is inserted after its start, whatever the cursor": async (scene) => {
    await scene.insert(3);
    const [first] = await scene.toHead();
    for (const after of ["", first?.id ?? ""]) {
      const stream = scene.open(after, { fromHead: true });
      const cursor = await scene.within("start()", stream.start());
      await scene.insert(1);
      assertEqual((await scene.next(stream)).foreignId, scene.inserted.at(-1), `the first event from the head`);
      const rest = foreignIds(await scene.toHead(cursor));
      assertEqual(rest.at(-1), scene.inserted.at(-1), "the last event after what start() resolved with");
    }
  },

  "starts from the head of an empty source at its first event": async (scene) => {
    const stream = scene.open("", { fromHead: true });
    await scene.within("start()", stream.start());
    await scene.insert(1);
    assertEqual((await scene.next(stream)).foreignId, scene.inserted[0], "the first event");
  },
};
