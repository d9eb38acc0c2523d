import type {
  CursorControl,
  CursorRequest,
  CursorRequestKind,
  CursorStore,
  CursorWatch,
  ReflexEvent,
} from "reflex-rsql";
import { positionOf } from "reflex-rsql";

/** What is kept of a consumer. */
interface Row {
  cursor: string;
  position: string | undefined;
  control: CursorControl;
}

type Step = readonly [what: string, ...details: unknown[]];

/**
 * One consumer's cursor, position and requests, as a cursors table keeps them, but in memory and without its periods: who
 * watches is told at once. The methods of a store can be replaced to fail.
 */
export class RequestingStore implements CursorStore {
  row: Row | undefined;
  /** What runs did to the cursor and said to requests, in order. */
  readonly steps: Step[] = [];
  readonly watches: Set<CursorWatch> = new Set();
  #generation = 0;
  #withdrawing = false;
  /** Why nothing can be written until the cursor was read again; undefined if it can. */
  #lost: Error | undefined;

  constructor(cursor?: string, position?: string) {
    if (cursor !== undefined) this.row = { cursor, position, control: { state: "active", request: undefined } };
  }

  getCursor: CursorStore["getCursor"] = async () => {
    this.#lost = undefined;
    return this.row?.cursor ?? "";
  };

  getPosition: NonNullable<CursorStore["getPosition"]> = async () => this.row?.position;

  setCursor: CursorStore["setCursor"] = async (_consumer, cursor, { event } = {}) => {
    this.steps.push(["cursor", cursor]);
    this.#place(cursor, event);
  };

  flush: CursorStore["flush"] = async () => undefined;

  remedy: NonNullable<CursorStore["remedy"]> = (consumer, cursor) => `accept ${cursor} of ${consumer}`;

  readonly requests: NonNullable<CursorStore["requests"]> = {
    read: async () => this.row?.control ?? { state: "active", request: undefined },
    answer: async (_consumer, request, { obeyed, event, reason }) => {
      if (this.#lost !== undefined) throw this.#lost;
      if (this.row?.control.request?.generation !== request.generation) return;
      if (this.#withdrawing) {
        this.row.control = { state: this.row.control.state, request: undefined };
        return;
      }
      this.steps.push(obeyed ? ["obeyed", request.kind] : ["refused", request.kind, reason]);
      if (obeyed) this.#obey(request, event);
      else this.row.control = { state: this.row.control.state, request: undefined };
    },
    watch: (_consumer, watch) => {
      this.watches.add(watch);
      setImmediate(() => {
        if (this.watches.has(watch)) this.#tell();
      });
      return () => this.watches.delete(watch);
    },
  };

  /** Asks something of the consumer, as another process does; who watches is told. */
  ask(kind: CursorRequestKind, to = ""): void {
    const row = this.row ?? { cursor: "0", position: undefined, control: { state: "active", request: undefined } };
    this.row = row;
    row.control = { ...row.control, request: { kind, to, by: "Ann", generation: String(++this.#generation) } };
    this.#tell();
  }

  /** Has whatever is asked from now on taken back just before it is answered. */
  withdrawAtLast(): void {
    this.#withdrawing = true;
  }

  /** Tells who watches that the cursor was lost. */
  lose(error: Error): void {
    this.#lost = error;
    for (const watch of this.watches) watch.lost(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #tell(): void {
    const { control } = this.row ?? {};
    if (control === undefined || (control.request === undefined && control.state === "active")) return;
    for (const watch of this.watches) watch.requested(control);
  }

  #place(cursor: string, event: ReflexEvent | undefined): void {
    const control = this.row?.control ?? { state: "active", request: undefined };
    this.row = { cursor, position: event && positionOf(event), control };
  }

  #obey({ kind, to }: CursorRequest, event: ReflexEvent | undefined): void {
    const state = kind === "pause" ? "paused" : kind === "retire" ? "retired" : "active";
    const control: CursorControl = { state, by: state === "active" ? undefined : "Ann", request: undefined };
    if (this.row === undefined) return;
    if (kind === "delete") this.row = undefined;
    else if (kind === "reset" || kind === "skip") {
      this.#place(to, event);
      this.row.control = { state: this.row.control.state, request: undefined };
    } else this.row.control = control;
  }
}
