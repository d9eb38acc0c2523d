import { describePackage, loadPackage } from "./packages.ts";
import { BATCH, batches, type Delivery, eachConsumer, InOrder, type Peer, type PeerEvent } from "./peer.ts";
import { startNats } from "./peer-servers.ts";
import { onServer } from "./private-peer-server.ts";

interface Message {
  string(): string;
  ack(): void;
}

interface Messages extends AsyncIterable<Message> {
  stop(): void;
}

interface NatsConnection {
  close(): Promise<void>;
}

interface JetStream {
  publish(subject: string, payload: string): Promise<unknown>;
  readonly consumers: {
    get(stream: string, name: string): Promise<{ consume(options: { max_messages: number }): Promise<Messages> }>;
  };
}

interface JetStreamManager {
  readonly streams: { add(config: Readonly<Record<string, unknown>>): Promise<unknown> };
  readonly consumers: { add(stream: string, config: Readonly<Record<string, unknown>>): Promise<unknown> };
}

interface JetStreamPackage {
  readonly jetstream: (connection: NatsConnection) => JetStream;
  readonly jetstreamManager: (connection: NatsConnection) => Promise<JetStreamManager>;
}

interface TransportPackage {
  readonly connect: (options: { readonly servers: string; readonly reconnect: boolean }) => Promise<NatsConnection>;
}

const PREFETCH = 5000;
const ACK_EVERY = 1000;

/** NATS JetStream: a stream of files, and a durable pull consumer for each. */
export async function natsPeer(): Promise<Peer> {
  const { connect } = loadPackage("@nats-io/transport-node") as TransportPackage;
  const { jetstream, jetstreamManager } = loadPackage("@nats-io/jetstream") as JetStreamPackage;
  const server = await startNats();
  const { connection, manager } = await onServer(server, async () => {
    const opened = await connect({ servers: server.address, reconnect: false });
    return { connection: opened, manager: await jetstreamManager(opened) };
  });
  for (const name of ["appends", "events"]) {
    await manager.streams.add({ name, subjects: [`${name}.*`], storage: "file" });
  }
  const client = jetstream(connection);
  let filled = 0;
  let rounds = 0;
  const append = (stream: string, events: readonly PeerEvent[]): Promise<unknown> =>
    Promise.all(events.map(({ foreignId, type }) => client.publish(`${stream}.${type}`, foreignId)));
  const sync = server.syncsAlways
    ? "sync_interval always"
    : "NOT on the disk before the answer, which this version can't";
  return {
    name: `NATS JetStream ${server.version}`,
    notes: {
      append: `${describePackage("@nats-io/jetstream")}, ${BATCH} at a time, each acknowledged; ${sync}`,
      deliver: `durable pull consumer, consume() with max_messages ${PREFETCH}, ack policy all, an ack every ${ACK_EVERY}`,
      fanOut: "a durable consumer each, on one connection",
    },
    prepareAppend: () => Promise.resolve(),
    append: (events) => append("appends", events),
    prepareDelivery: async ({ count }) => {
      if (filled === 0) for (const events of batches(count)) await append("events", events);
      filled = count;
    },
    deliver: async (delivery) => {
      const round = ++rounds;
      const work = eachConsumer(delivery).map(async (number) => {
        const name = `round-${round}-${number}`;
        await manager.consumers.add("events", { durable_name: name, ack_policy: "all", max_ack_pending: -1 });
        const consumer = await client.consumers.get("events", name);
        const messages = await consumer.consume({ max_messages: PREFETCH });
        await readAll(messages, delivery);
      });
      await Promise.all(work);
      return () => Promise.resolve();
    },
    close: async () => {
      await connection.close();
      await server.stop();
    },
  };
}

async function readAll(messages: Messages, delivery: Delivery): Promise<void> {
  const order = new InOrder(delivery);
  for await (const message of messages) {
    const last = order.see(message.string());
    if (last || order.seen % ACK_EVERY === 0) message.ack();
    if (last) break;
  }
  order.end();
}
