import { EventsTable } from "reflex-rsql";
import type { ExecutorHandle } from "../../../src/database/handles/handles.ts";
import type { Database } from "../../faults/stage/place.ts";
import type { Driver, Telling } from "../judging/judge-wait.ts";

/** What the process is told of a reader. */
export interface ReaderPlan {
  readonly name: string;
  readonly driver: Driver;
  /** A stream that somebody iterates, or a consumer with `runForever`. */
  readonly kind: "stream" | "run";
  readonly database: Database;
  readonly table: string;
  readonly cursors: string;
  /** The most connections of its pool. */
  readonly connections: number;
  /** How many connections its handler takes for an event whose foreign id is "take". */
  readonly handlerTakes: number;
}

/** What the process writes down of a reader. */
export interface ReaderLine {
  readonly reader: string;
  readonly at: number;
  readonly kind: "start" | "event" | "taken" | "not taken" | "handling" | "stall" | "hold" | "error" | "ended";
  readonly id?: string;
  readonly foreignId?: string;
  readonly state?: string;
  readonly code?: string;
  readonly message?: string;
  readonly threadId?: string;
}

interface Delivered {
  readonly at: number;
  readonly id: string;
  readonly foreignId: string;
}

/** What became of a reader's events. */
export interface DeliveryCounts {
  readonly lost: number;
  readonly outOfOrder: number;
  /** Came again after a restart of a run. */
  readonly again: number;
}

/** A reader as the harness sees it: what was committed for it, what reached it, what it was told. */
export class SilentReader {
  readonly plan: ReaderPlan;
  /** Through which its events are written. */
  readonly table: EventsTable;
  readonly tellings: Telling[] = [];
  readonly delivered: Delivered[] = [];
  startedAt: number | undefined;
  handlingAt: number | undefined;
  /** How many connections of its pool the rest of its program holds. */
  taken = 0;
  #committed: string[] = [];

  constructor(plan: ReaderPlan) {
    this.plan = plan;
    this.table = new EventsTable(plan.table);
  }

  get name(): string {
    return this.plan.name;
  }

  /** Writes an event for it. Whoever gives a connection with an open transaction commits it. */
  async insert(db: ExecutorHandle, foreignId: string): Promise<void> {
    await this.table.insert(db, foreignId, 1);
    this.expect(foreignId);
  }

  /** An event of this foreign id must be delivered. */
  expect(foreignId: string): void {
    this.#committed.push(foreignId);
  }

  /** The table was emptied: nothing must be delivered any more. */
  expectNothing(): void {
    this.#committed = [];
  }

  has(foreignId: string): boolean {
    return this.delivered.some((event) => event.foreignId === foreignId);
  }

  get isAllDelivered(): boolean {
    return this.#committed.every((foreignId) => this.has(foreignId));
  }

  /** When an event was delivered first. */
  deliveredAt(foreignId: string): number | undefined {
    return this.delivered.find((event) => event.foreignId === foreignId)?.at;
  }

  get counts(): DeliveryCounts {
    const ids = new Set<string>();
    let [highest, outOfOrder, again] = [0n, 0, 0];
    for (const { id } of this.delivered) {
      if (ids.has(id)) again++;
      else if (BigInt(id) < highest) outOfOrder++;
      else highest = BigInt(id);
      ids.add(id);
    }
    // A stream has no restart after which it may deliver again.
    if (this.plan.kind === "stream") outOfOrder += again;
    return { outOfOrder, again, lost: this.#committed.filter((foreignId) => !this.has(foreignId)).length };
  }

  see({ kind, at, state, id = "", foreignId = "", code = "", message = "", threadId }: ReaderLine): void {
    switch (kind) {
      case "start":
        this.startedAt = at;
        return;
      case "event":
        this.delivered.push({ at, id, foreignId });
        return;
      case "handling":
        this.handlingAt ??= at;
        return;
      case "taken":
        this.taken++;
        return;
      case "not taken":
        return;
      case "stall":
      case "hold":
        if (state === "stalled" || state === "held") this.tellings.push({ at, kind, code, message, threadId });
        return;
      case "error":
      case "ended":
        this.tellings.push({ at, kind, code, message });
        return;
    }
  }
}
