import { describePackage, loadPackage } from "./packages.ts";
import { BATCH, batches, type Delivery, eachConsumer, InOrder, type Peer, type PeerEvent } from "./peer.ts";
import { startPostgres } from "./peer-servers.ts";
import { onServer } from "./private-peer-server.ts";
import { withResolvers } from "./with-resolvers.ts";

interface EmmettEvent {
  readonly type: string;
  readonly data: { readonly foreignId: string };
}

interface EventStore {
  readonly schema: { migrate(): Promise<unknown> };
  appendToStream(stream: string, events: readonly EmmettEvent[]): Promise<unknown>;
  close(): Promise<void>;
}

interface Reactor {
  readonly processorId: string;
  readonly eachMessage: (event: EmmettEvent) => void;
}

interface Consumer {
  reactor(options: Reactor): unknown;
  start(): Promise<void>;
  close(): Promise<void>;
}

interface ConsumerOptions {
  readonly connectionString: string;
  readonly pulling: { readonly batchSize: number; readonly pullingFrequencyInMs: number };
}

interface EmmettPackage {
  getPostgreSQLEventStore(connectionString: string): EventStore;
  postgreSQLEventStoreConsumer(options: ConsumerOptions): Consumer;
}

interface PgPackage {
  readonly Client: new (
    url: string,
  ) => { connect(): Promise<void>; query(sql: string): Promise<unknown>; end(): Promise<void> };
}

const PULLING = { batchSize: 1000, pullingFrequencyInMs: 1 };

const notes: Peer["notes"] = {
  append: `appendToStream, ${BATCH} at a time, to one stream`,
  deliver: `a reactor, batchSize ${PULLING.batchSize}, pullingFrequencyInMs ${PULLING.pullingFrequencyInMs}; it stores its position after each event`,
  fanOut: "a reactor each in one consumer, which reads each batch once",
};

/** Emmett's event store and consumer on PostgreSQL. */
export async function emmettPeer(): Promise<Peer> {
  const emmett = loadPackage("@event-driven-io/emmett-postgresql") as EmmettPackage;
  const server = await startPostgres();
  const { appends, events } = await onServer(server, () => createStores(emmett, server.url));
  const open = new Set<Consumer>();
  let filled = 0;
  let rounds = 0;
  return {
    name: `${describePackage("@event-driven-io/emmett-postgresql")}, PostgreSQL ${server.version}`,
    notes,
    prepareAppend: () => Promise.resolve(),
    append: (batch) => append(appends, batch),
    prepareDelivery: async ({ count }) => {
      if (filled === 0) for (const batch of batches(count)) await append(events, batch);
      filled = count;
    },
    deliver: async (delivery) => {
      const consumer = emmett.postgreSQLEventStoreConsumer({ connectionString: server.url, pulling: PULLING });
      open.add(consumer);
      await consume(consumer, delivery, ++rounds);
      return async () => {
        await consumer.close();
        open.delete(consumer);
      };
    },
    close: async () => {
      await Promise.all([...open, appends, events].map((one) => one.close()));
      await server.stop();
    },
  };
}

interface Stores {
  readonly appends: EventStore;
  readonly events: EventStore;
}

/** A database for each of the two jobs: a consumer gets what is in all streams of its database. */
async function createStores(emmett: EmmettPackage, url: string): Promise<Stores> {
  const appends = emmett.getPostgreSQLEventStore(await createDatabase(url, "appends"));
  const events = emmett.getPostgreSQLEventStore(url);
  for (const store of [appends, events]) await store.schema.migrate();
  return { appends, events };
}

async function consume(consumer: Consumer, delivery: Delivery, round: number): Promise<void> {
  const { promise: failed, reject } = withResolvers();
  const all = eachConsumer(delivery).map((number) => {
    const order = new InOrder(delivery);
    const { promise: done, resolve } = withResolvers();
    const eachMessage = ({ data }: EmmettEvent): void => {
      if (order.see(data.foreignId)) resolve();
    };
    consumer.reactor({ processorId: `round-${round}-${number}`, eachMessage });
    return done;
  });
  consumer.start().then(() => reject(new Error("the consumer ended before its last event")), reject);
  await Promise.race([Promise.all(all), failed]);
}

async function append(store: EventStore, events: readonly PeerEvent[]): Promise<void> {
  await store.appendToStream(
    "orders",
    events.map(({ foreignId, type }) => ({ type: String(type), data: { foreignId } })),
  );
}

async function createDatabase(url: string, name: string): Promise<string> {
  const { Client } = loadPackage("pg") as PgPackage;
  const client = new Client(url);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return url.replace("/postgres?", `/${name}?`);
}
