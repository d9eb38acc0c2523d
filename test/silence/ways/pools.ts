import { onSocket } from "../../faults/stage/on-socket.ts";
import { now } from "../../faults/stage/place.ts";
import type { Way } from "../way.ts";
import { openGap } from "./obstacles.ts";

const POOL = 3;
const TAKEN_WITHIN_MS = 3000;
const drained = { reasons: ["no_connection"], errors: /connection|pool/i };

export const poolTakenByOthers: Way = {
  name: "pool-taken-by-others",
  about: "a stream comes to a gap while another part of the program holds all connections of the pool that it can get",
  ...drained,
  play: async (stage) => {
    const database = onSocket(await stage.startServer());
    const readers = await stage.openReaders({ database, connections: POOL });
    await Promise.all(
      readers.map(async (reader) => {
        stage.command(reader, "take", POOL);
        await stage.reaches("connections taken", () => reader.taken >= POOL, TAKEN_WITHIN_MS);
        const { open, pendingAt } = await openGap(stage, reader);
        await open.rollback();
        const clear = async (): Promise<void> => stage.command(reader, "give");
        await stage.wait(reader, { beganAt: pendingAt, foreignId: "beyond", clear });
      }),
    );
    await stage.finish();
  },
};

export const poolTakenByHandler: Way = {
  name: "pool-taken-by-handler",
  about: "a handler wants all three connections of its pool, of which another part of the program holds one",
  ...drained,
  play: async (stage) => {
    const database = onSocket(await stage.startServer());
    const readers = await stage.openReaders({ database, kind: "run", connections: POOL, handlerTakes: POOL });
    await Promise.all(
      readers.map(async (reader) => {
        stage.command(reader, "take", 1);
        await stage.until("a connection taken", () => reader.taken > 0);
        await reader.insert(stage.pool, "take");
        await stage.until("handling", () => reader.handlingAt !== undefined);
        const clear = async (): Promise<void> => stage.command(reader, "give");
        await stage.wait(reader, { beganAt: reader.handlingAt ?? now(), foreignId: "take", clear });
      }),
    );
    await stage.finish();
  },
};

export const startWithoutConnection: Way = {
  name: "start-without-connection",
  about: "a reader starts while another part of the program holds all three connections of the pool",
  ...drained,
  play: async (stage) => {
    const database = onSocket(await stage.startServer());
    const readers = await stage.openReaders({ database, connections: POOL, started: false });
    await Promise.all(
      readers.map(async (reader) => {
        stage.command(reader, "take", POOL);
        await stage.until("connections taken", () => reader.taken >= POOL);
        stage.command(reader, "start");
        await stage.until("started", () => reader.startedAt !== undefined);
        const clear = async (): Promise<void> => stage.command(reader, "give");
        await stage.wait(reader, { beganAt: reader.startedAt ?? now(), foreignId: "first", clear });
      }),
    );
    await stage.finish();
  },
};
