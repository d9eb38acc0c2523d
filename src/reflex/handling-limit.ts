import { ReflexError } from "../errors/reflex-error.ts";
import { startTimer } from "../waiting/timer.ts";
import type { ReflexEvent } from "./event.ts";

export interface HandlingLimitSource {
  /** The longest that the consumer may work on one event, in ms. */
  readonly timeoutMs: number;
  /** Called with the event whose work takes longer. */
  readonly exceeded: (event: ReflexEvent) => void;
}

/** Notices an event on which the consumer works for too long. One timer serves many events: it is armed once a limit. */
export class HandlingLimit {
  readonly #source: HandlingLimitSource;
  #event: ReflexEvent | undefined;
  #sinceMs = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(source: HandlingLimitSource) {
    this.#source = source;
  }

  /** The work on an event has begun, and has not ended at once. */
  begun(event: ReflexEvent): void {
    this.#event = event;
    this.#sinceMs = performance.now();
    if (this.#cancelTimer === undefined) this.#lookIn(this.#source.timeoutMs);
  }

  /** The work on the event has ended. */
  ended(): void {
    this.#event = undefined;
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #lookIn(delayMs: number): void {
    this.#cancelTimer = startTimer(delayMs, () => this.#look());
  }

  #look(): void {
    this.#cancelTimer = undefined;
    const { timeoutMs, exceeded } = this.#source;
    if (this.#event === undefined) return;
    const leftMs = this.#sinceMs + timeoutMs - performance.now();
    if (leftMs <= 0) exceeded(this.#event);
    else this.#lookIn(Math.ceil(leftMs));
  }
}

/** The error of an event on which a consumer works for too long. */
export function handlingTimeout(consumer: string, event: ReflexEvent, timeoutMs: number): ReflexError {
  const message = `consumer ${consumer} has not finished event ${event.id} of type ${event.type} after ${timeoutMs} ms (handlingTimeoutMs): its signal was aborted, and its cursor stays before the event`;
  const details = { consumer, eventId: event.id, eventType: event.type, timeoutMs };
  return new ReflexError("handling_timeout", message, { details });
}
