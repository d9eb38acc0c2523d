import { onSocket } from "../../faults/stage/on-socket.ts";
import { now } from "../../faults/stage/place.ts";
import { openInsert } from "../../support/streams/streams.ts";
import type { SilenceStage } from "../stage/silence-stage.ts";
import type { SilentReader } from "../stage/silent-reader.ts";
import type { Way } from "../way.ts";
import { openGap, queueLock, takeLock, untilWaits } from "./obstacles.ts";

const locked = { reasons: ["locked"], errors: /lock/i };

/** Has each of the readers wait at the same time, on a server of their own. */
function eachReader(keep: (stage: SilenceStage, reader: SilentReader) => Promise<void>): Way["play"] {
  return async (stage) => {
    const readers = await stage.openReaders({ database: onSocket(await stage.startServer()) });
    await Promise.all(readers.map((reader) => keep(stage, reader)));
    await stage.finish();
  };
}

export const lockedAtGap: Way = {
  name: "locked-at-gap",
  about: "another session has LOCK TABLES ... READ while a stream wants to close a gap",
  ...locked,
  play: eachReader(async (stage, reader) => {
    const { open, pendingAt } = await openGap(stage, reader);
    const lock = await queueLock(stage.pool, `lock tables ${reader.table.name} read`);
    await open.rollback();
    const { threadId: blocker } = lock;
    await stage.wait(reader, { beganAt: pendingAt, foreignId: "beyond", clear: () => lock.remove(), blocker });
  }),
};

export const lockedAtHead: Way = {
  name: "locked-at-head",
  about: "another session has LOCK TABLES ... WRITE, under which it writes an event",
  ...locked,
  play: eachReader(async (stage, reader) => {
    const lock = await takeLock(stage.pool, `lock tables ${reader.table.name} write`);
    await reader.insert(lock.connection, "kept");
    const { threadId: blocker } = lock;
    await stage.wait(reader, { beganAt: now(), foreignId: "kept", clear: () => lock.remove(), blocker });
  }),
};

export const metadataLock: Way = {
  name: "metadata-lock",
  about: "ALTER TABLE waits for an open transaction that has read the table, and all reads wait behind it",
  ...locked,
  play: eachReader(async (stage, reader) => {
    const { pool } = stage;
    const { name } = reader.table;
    const old = await pool.getConnection();
    await old.query("begin");
    await old.query(`select id from ${name} limit 1`);
    const kept = await openInsert(pool, reader.table, ["kept"]);
    reader.expect("kept");
    const altering = await pool.getConnection();
    const altered = altering.query(`alter table ${name} comment = 'altered'`);
    await untilWaits(pool, altering);
    await kept.commit();
    const clear = async (): Promise<number> => {
      const at = now();
      await old.query("rollback");
      await altered;
      for (const connection of [old, altering]) connection.release();
      return at;
    };
    await stage.wait(reader, { beganAt: now(), foreignId: "kept", clear });
  }),
};

export const inFlight: Way = {
  name: "in-flight",
  about: "the transaction that has inserted the next event stays open",
  reasons: ["in_flight"],
  errors: /never/,
  play: eachReader(async (stage, reader) => {
    const { open, pendingAt } = await openGap(stage, reader);
    const clear = async (): Promise<number> => {
      const at = now();
      await open.commit();
      return at;
    };
    reader.expect("open");
    const blocker = String(open.connection.threadId);
    await stage.wait(reader, { beganAt: pendingAt, foreignId: "open", clear, blocker });
  }),
};

// Long enough for the first cause to have been told.
const FIRST_CAUSE_MS = 7000;

export const oldCause: Way = {
  name: "old-cause",
  about: "a transaction is open at a gap for 7 s, then it ends while another session has LOCK TABLES ... READ",
  ...locked,
  play: eachReader(async (stage, reader) => {
    const { open, pendingAt } = await openGap(stage, reader);
    await stage.until("the first cause is old", () => now() > pendingAt + FIRST_CAUSE_MS);
    const lock = await queueLock(stage.pool, `lock tables ${reader.table.name} read`);
    const beganAt = now();
    await open.rollback();
    const { threadId: blocker } = lock;
    await stage.wait(reader, { beganAt, foreignId: "beyond", clear: () => lock.remove(), blocker });
  }),
};

export const firstCursorLocked: Way = {
  name: "first-cursor-locked",
  about: "a run starts while another session has LOCK TABLES ... WRITE on its cursors table",
  ...locked,
  play: async (stage) => {
    const database = onSocket(await stage.startServer());
    const readers = await stage.openReaders({ database, kind: "run", started: false });
    await Promise.all(
      readers.map(async (reader) => {
        const lock = await takeLock(stage.pool, `lock tables ${reader.plan.cursors} write`);
        stage.command(reader, "start");
        await stage.until("started", () => reader.startedAt !== undefined);
        const { threadId: blocker } = lock;
        const beganAt = reader.startedAt ?? now();
        await stage.wait(reader, { beganAt, foreignId: "first", clear: () => lock.remove(), blocker });
      }),
    );
    await stage.finish();
  },
};
