import { describePackage, loadPackage } from "./packages.ts";
import { batches, type Delivery, eachConsumer, InOrder, type Peer, type PeerEvent } from "./peer.ts";
import { startRedis } from "./peer-servers.ts";
import { withResolvers } from "./with-resolvers.ts";

interface Closeable {
  close(): Promise<void>;
}

interface Queue extends Closeable {
  addBulk(jobs: readonly { readonly name: string; readonly data: string }[]): Promise<unknown>;
}

interface Worker extends Closeable {
  on(event: "error" | "failed", listener: (...args: readonly unknown[]) => void): unknown;
}

type Options = Readonly<Record<string, unknown>>;
type Processor = (job: { readonly data: string }) => Promise<void>;

interface BullMq {
  readonly Queue: new (name: string, options: Options) => Queue;
  readonly Worker: new (name: string, process: Processor, options: Options) => Worker;
}

interface Redis {
  config(order: "SET", name: string, value: string): Promise<unknown>;
  disconnect(): void;
}

const notes: Peer["notes"] = {
  append: "addBulk, appendfsync always",
  deliver:
    "concurrency 1 for order, removeOnComplete, appendfsync everysec: what it takes as done may come again, as with the cursors of run()",
  fanOut: "a queue and a worker each, so that each event was added ten times, which is not timed",
};
const queueOptions = { removeOnComplete: true };

/** BullMQ: a queue for each consumer, for a job is gone once one worker has done it. */
export async function bullMqPeer(): Promise<Peer> {
  const bullMq = loadPackage("bullmq") as BullMq;
  const { Redis } = loadPackage("ioredis") as { readonly Redis: new (options: Options) => Redis };
  const server = await startRedis();
  // A server that has ended does not come back: the client must not wait for it.
  const connection = { path: server.socketPath, maxRetriesPerRequest: null, retryStrategy: () => null };
  const redis = new Redis(connection);
  const open = new Set<Closeable>();
  const queues = new Map<string, Queue>();
  const queueOf = (name: string): Queue => {
    const queue = queues.get(name) ?? new bullMq.Queue(name, { connection, defaultJobOptions: queueOptions });
    queues.set(name, queue);
    open.add(queue);
    return queue;
  };
  return {
    name: `${describePackage("bullmq")}, Redis ${server.version}`,
    notes,
    prepareAppend: () => redis.config("SET", "appendfsync", "always"),
    append: (events) => add(queueOf("appends"), events),
    prepareDelivery: async (delivery) => {
      await redis.config("SET", "appendfsync", "everysec");
      for (const number of eachConsumer(delivery)) {
        for (const events of batches(delivery.count)) await add(queueOf(`consumer-${number}`), events);
      }
    },
    deliver: async (delivery) => {
      const workers = eachConsumer(delivery).map((number) => {
        const consumer = consume(bullMq, delivery, {
          queue: `consumer-${number}`,
          options: { connection, concurrency: 1 },
        });
        open.add(consumer.worker);
        return consumer;
      });
      await Promise.all(workers.map(({ done }) => done));
      return async () => {
        await closeAll(
          open,
          workers.map(({ worker }) => worker),
        );
      };
    },
    close: async () => {
      await closeAll(open, [...open]);
      redis.disconnect();
      await server.stop();
    },
  };
}

async function closeAll(open: Set<Closeable>, some: readonly Closeable[]): Promise<void> {
  await Promise.all(some.map((one) => one.close()));
  for (const one of some) open.delete(one);
}

async function add(queue: Queue, events: readonly PeerEvent[]): Promise<void> {
  await queue.addBulk(events.map(({ foreignId, type }) => ({ name: String(type), data: foreignId })));
}

interface Consumption {
  readonly worker: Worker;
  readonly done: Promise<void>;
}

interface WorkerPlace {
  readonly queue: string;
  readonly options: Options;
}

function consume({ Worker }: BullMq, delivery: Delivery, { queue, options }: WorkerPlace): Consumption {
  const order = new InOrder(delivery);
  const { promise: done, resolve, reject } = withResolvers();
  const process: Processor = ({ data }) => {
    if (order.see(data)) resolve();
    return Promise.resolve();
  };
  const worker = new Worker(queue, process, options);
  worker.on("error", reject);
  worker.on("failed", (_, error) => reject(error));
  return { worker, done };
}
