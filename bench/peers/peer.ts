/**
 * The job, the same for every peer: append events durably, a hundred in a transaction or what comes nearest to one; then
 * deliver all of them in order to each of some independent consumers in this process, each with a position of its own that
 * outlives the process. A consumer does nothing but check that the event is the next one.
 */
export interface Peer {
  /** With versions, for the report. */
  readonly name: string;
  /** How it was set up, each in the words of its own documentation. */
  readonly notes: { readonly append: string; readonly deliver: string; readonly fanOut: string };
  /** What to do before appending is timed. */
  prepareAppend(): Promise<unknown>;
  append(events: readonly PeerEvent[]): Promise<unknown>;
  /** What to do before delivering `count` events to so many new consumers is timed. */
  prepareDelivery(delivery: Delivery): Promise<void>;
  /** Resolves when each consumer has had every event, with what ends the consumers; the latter is not timed. */
  deliver(delivery: Delivery): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface PeerEvent {
  readonly foreignId: string;
  readonly type: number;
}

export interface Delivery {
  /** How many events, numbered from 1. */
  readonly count: number;
  readonly consumers: number;
}

/** How many events are appended together. */
export const BATCH = 100;

/** The event of that number: what {@link fillTable} writes. */
export function peerEvent(number: number): PeerEvent {
  return { foreignId: foreignIdOf(number), type: 1 + (number % 5) };
}

/** The events 1 to `count`, in batches. */
export function* batches(count: number): Generator<readonly PeerEvent[]> {
  for (let from = 1; from <= count; from += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count - from + 1) }, (_, index) => peerEvent(from + index));
  }
}

/** The numbers 1 to `consumers`, one for each. */
export function eachConsumer({ consumers }: Delivery): readonly number[] {
  return Array.from({ length: consumers }, (_, index) => index + 1);
}

/** One consumer: sees to it that each event comes once and in order. */
export class InOrder {
  readonly #count: number;
  #seen = 0;

  constructor({ count }: Delivery) {
    this.#count = count;
  }

  /** Whether this was the last one. */
  see(foreignId: string): boolean {
    const expected = foreignIdOf(++this.#seen);
    if (foreignId !== expected) throw new Error(`event ${this.#seen} should be ${expected} and was ${foreignId}`);
    return this.#seen === this.#count;
  }

  get seen(): number {
    return this.#seen;
  }

  /** Throws unless all have come. */
  end(): void {
    if (this.#seen !== this.#count) throw new Error(`expected ${this.#count} events, found ${this.#seen}`);
  }
}

// Made once: a consumer's check is to cost next to nothing.
const foreignIds: string[] = [];

function foreignIdOf(number: number): string {
  let found = foreignIds[number];
  if (found === undefined) {
    found = number.toString(16).toUpperCase().padStart(8, "0");
    foreignIds[number] = found;
  }
  return found;
}
