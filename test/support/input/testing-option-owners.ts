import { createConsumer, makeEvent } from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import {
  cursorStoreContract,
  eventStreamContract,
  memoryCursorStore,
  mockStream,
  startMariadb,
} from "reflex-rsql/testing";
import { anyStream, backoff, call, told } from "./option-kinds.ts";
import type { OptionOwner } from "./option-owner.ts";

const consumer = createConsumer("mailer", () => undefined);

/** What `reflex-rsql/patterns` and `reflex-rsql/testing` export. */
export const testingOwners: readonly OptionOwner[] = [
  {
    owner: "createDeadLetterConsumer",
    kinds: { ...told, ...backoff, errors: "function", retries: "countFromZero", onDeadLetter: "function" },
    required: { errors: () => Promise.resolve("1") },
    use: (options) => createDeadLetterConsumer(consumer, options),
  },
  {
    owner: "mockStream",
    kinds: { error: "anything", delayMs: "finiteDuration" },
    use: (options) => mockStream([], options),
  },
  {
    owner: "a stream",
    title: "what mockStream gives",
    kinds: anyStream,
    use: (options) => mockStream([makeEvent({ id: 1, type: 1, foreignId: "a", timestampMicros: 1 })])("", options),
  },
  {
    owner: "eventStreamContract",
    kinds: { patienceMs: "duration" },
    use: (options) => eventStreamContract(() => Promise.reject(new Error("unused")), options),
  },
  {
    owner: "cursorStoreContract",
    kinds: { patienceMs: "duration", cursorType: "special" },
    use: (options) => cursorStoreContract(() => Promise.reject(new Error("unused")), options),
  },
  {
    owner: "startMariadb",
    kinds: { vendor: "special", program: "text", flags: "texts", durable: "boolean", port: "boolean" },
    use: (options) => startMariadb(options),
  },
  {
    owner: "getCursor",
    title: "getCursor in memory",
    kinds: call,
    use: (options) => memoryCursorStore().getCursor("mailer", options),
  },
  {
    owner: "setCursor",
    title: "setCursor in memory",
    kinds: { ...call, event: "object" },
    use: (options) => memoryCursorStore().setCursor("mailer", "1", options),
  },
  {
    owner: "flush",
    title: "flush in memory",
    kinds: { ...call, consumer: "text" },
    use: (options) => memoryCursorStore().flush(options),
  },
];
