import { ReflexError } from "../../errors/reflex-error.ts";
import type { CursorAnswer, CursorControl, CursorRequestKind, CursorState } from "../../reflex/cursor-requests.ts";
import { positionOf } from "../../reflex/event-position.ts";

/** What is asked of a consumer, as its row keeps it. */
export interface Ask {
  readonly kind: CursorRequestKind;
  readonly generation: string;
  readonly to: string;
  readonly by: string;
  /** The position at `to`, for a reset to a row that was read. */
  readonly position?: string | undefined;
  /** The record of the request in the table of changes. */
  readonly changeId?: string | undefined;
}

/** What became of the latest request that was answered. */
export interface Answered {
  readonly generation: string;
  readonly outcome: "obeyed" | "refused" | "forced";
  readonly reason?: string | undefined;
}

/** What people have made of a consumer, as JSON in its row. */
export interface ControlDocument {
  readonly state: CursorState;
  /** Who has paused or retired the consumer. */
  readonly by?: string | undefined;
  readonly ask?: Ask | undefined;
  readonly last?: Answered | undefined;
}

const kinds: readonly string[] = ["reset", "skip", "pause", "resume", "retire", "delete"];
const states: readonly string[] = ["active", "paused", "retired"];

/** Reads the document of a row. @throws ReflexError `invalid_cursor` for text that this library did not write. */
export function parseControl(consumer: string, text: string | undefined): ControlDocument {
  if (text === undefined) return { state: "active" };
  try {
    const document = JSON.parse(text) as ControlDocument;
    const { ask } = document;
    const asked = ask === undefined || (kinds.includes(ask.kind) && typeof ask.generation === "string");
    if (states.includes(document.state) && asked) return document;
  } catch {
    // It is refused below, like other text that is no document.
  }
  const message = `what is asked of consumer ${consumer} can't be read: set the column request of its row to null`;
  throw new ReflexError("invalid_cursor", message, { details: { consumer } });
}

/** What a run is told of a document. */
export function toControl({ state, by, ask }: ControlDocument): CursorControl {
  const request = ask && { kind: ask.kind, generation: ask.generation, to: ask.to, by: ask.by };
  return { state, request, ...(by === undefined ? {} : { by }) };
}

/** The request that a run answers, if it still stands: another may have taken its place. */
export function standing({ ask }: ControlDocument, { generation }: Pick<Ask, "generation">): Ask | undefined {
  return ask?.generation === generation ? ask : undefined;
}

/** The document with a new request. One that was not answered yet is replaced. */
export function asking(document: ControlDocument, ask: Ask): ControlDocument {
  return { ...document, ask };
}

/** Where a change puts the cursor. */
export interface CursorPlacing {
  readonly cursor: string;
  /** The position at the cursor; undefined if it is unknown. */
  readonly position: string | undefined;
}

/** What an answer makes of a document and of the row's cursor. */
export interface Outcome {
  readonly document: ControlDocument;
  readonly cursor?: CursorPlacing | "deleted" | undefined;
}

/** The outcome of a request that is answered. */
export function answered(document: ControlDocument, ask: Ask, answer: CursorAnswer & { forced?: boolean }): Outcome {
  const { obeyed, reason, forced = false } = answer;
  const outcome = obeyed ? (forced ? "forced" : "obeyed") : "refused";
  const last: Answered = { generation: ask.generation, outcome, ...(reason === undefined ? {} : { reason }) };
  const { by, state } = document;
  const same: ControlDocument = { state, ...(by === undefined ? {} : { by }), last };
  if (!obeyed) return { document: same };
  switch (ask.kind) {
    case "pause":
      return { document: { state: "paused", by: ask.by, last } };
    case "retire":
      return { document: { state: "retired", by: ask.by, last } };
    case "resume":
      return { document: { state: "active", last } };
    case "reset":
      return { document: same, cursor: { cursor: ask.to, position: ask.position } };
    case "skip":
      return { document: same, cursor: { cursor: ask.to, position: answer.event && positionOf(answer.event) } };
    case "delete":
      return { document: same, cursor: "deleted" };
  }
}
