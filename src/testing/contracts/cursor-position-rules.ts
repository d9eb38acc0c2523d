import type { CursorStore } from "../../reflex/cursor-store.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionAt, positionOf } from "../../reflex/event-position.ts";
import { makeTestEvent } from "../memory/make-test-event.ts";
import { assertEqual } from "../tables/assertions.ts";
import type { CursorRules, CursorStoreScene } from "./cursor-store-scene.ts";

/** One case's stores, and what they know of positions. */
class Positions {
  readonly #scene: CursorStoreScene;

  constructor(scene: CursorStoreScene) {
    this.#scene = scene;
  }

  async pass(store: CursorStore, consumer: string, event: ReflexEvent): Promise<void> {
    await this.#scene.within(`${consumer} to pass ${event.id}`, store.setCursor(consumer, event.id, { event }));
  }

  /** The position of the consumer's cursor must be that of the event; undefined stands for unknown. */
  async assert(store: CursorStore, consumer: string, event: ReflexEvent | undefined): Promise<void> {
    const cursor = await this.#scene.within("the cursor", store.getCursor(consumer));
    const found = await this.#scene.within("the position", Promise.resolve(store.getPosition?.(consumer)));
    assertEqual(positionAt(cursor, found), event && positionOf(event), `the position of ${consumer}`);
  }
}

/** Positions beside cursors, in stores that keep them. */
export const positionRules: CursorRules = {
  "gives the position of the event with which the cursor was set last, if it keeps positions": async (scene) => {
    const [store, other] = [await scene.open(), await scene.open()];
    if (store.getPosition === undefined) return;
    const positions = new Positions(scene);
    for (const event of [makeTestEvent({ id: "12", foreignId: "7" }), makeTestEvent({ id: "47", type: 2 })]) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other is the point
      await positions.pass(store, "consumer", event);
      // oxlint-disable-next-line eslint/no-await-in-loop -- as above
      await positions.assert(store, "consumer", event);
      // oxlint-disable-next-line eslint/no-await-in-loop -- as above
      await positions.assert(other, "consumer", event);
    }
  },

  "gives no position, or one of another cursor, after a cursor was set without an event": async (scene) => {
    const store = await scene.open();
    if (store.getPosition === undefined) return;
    const positions = new Positions(scene);
    await positions.assert(store, "consumer", undefined);
    await positions.pass(store, "consumer", makeTestEvent({ id: "12" }));
    await scene.set(store, "consumer", "47");
    await positions.assert(store, "consumer", undefined);
  },

  "keeps the positions of consumers apart": async (scene) => {
    const store = await scene.open();
    if (store.getPosition === undefined) return;
    const positions = new Positions(scene);
    const [mine, theirs] = [makeTestEvent({ id: "12", foreignId: "1" }), makeTestEvent({ id: "12", foreignId: "2" })];
    await positions.pass(store, "first", mine);
    await positions.pass(store, "second", theirs);
    await positions.assert(store, "first", mine);
    await positions.assert(store, "second", theirs);
  },
};
