import { onSocket } from "../../faults/stage/on-socket.ts";
import { now } from "../../faults/stage/place.ts";
import { insertMany } from "../../support/streams/streams.ts";
import type { Way } from "../way.ts";

const EVENTS = 20;
const NOTICED_WITHIN_MS = 25_000;
const FAULTS = /history_rewritten|cursor_ahead|cursor_row_missing|history_pruned/;

export const truncatedAtHead: Way = {
  name: "truncated-at-head",
  about: "TRUNCATE of the table under a stream at its head",
  reasons: [],
  errors: FAULTS,
  play: async (stage) => {
    const readers = await stage.openReaders({ database: onSocket(await stage.startServer()) });
    await Promise.all(
      readers.map(async (reader) => {
        await insertMany(stage.pool, reader.table, EVENTS);
        await stage.until("at the head", () => reader.delivered.length > EVENTS);
        await stage.pool.query(`truncate table ${reader.table.name}`);
        const beganAt = now();
        reader.expectNothing();
        const found = (): boolean => reader.tellings.some(({ at, code }) => at >= beganAt && FAULTS.test(code));
        await stage.reaches("a fault told", found, NOTICED_WITHIN_MS);
        await stage.judge(reader, { beganAt, clearedAt: now(), foreignId: undefined });
      }),
    );
  },
};
