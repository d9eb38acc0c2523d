import { isRetryable } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { noAnswer } from "./no-answer.ts";
import type { NodeState } from "./node-state.ts";
import type { Probe } from "./probe.ts";
import { whyNoQuorum } from "./quorum.ts";

/** Whom to ask. */
export interface ProbeSetSource {
  /** All servers that take writes. */
  readonly probes: readonly Probe[];
  /** The server that streams read from. */
  readonly reader: Probe;
  /** The server that noops are written to. */
  readonly primary: Probe;
}

/** An answer, and who gave it. */
export interface ProbeAnswer<R> {
  readonly probe: Probe;
  readonly value: R;
}

/** Why it is not known what all servers say. */
export interface Unanswered extends WaitCause {
  /** The error of a server that did not answer. */
  readonly error: unknown;
}

export type Answers<R> = readonly ProbeAnswer<R>[] | Unanswered;

// How long the others wait for a server that has answered so far, before it is asked whether they may speak for it.
const PATIENCE_MS = 500;
const STATE_LIMIT_MS = 2000;

type Outcome<R> = { readonly value: R } | { readonly error: unknown };
type Outcomes<R> = Map<Probe, Outcome<R>>;

interface Silence {
  readonly cause: Unanswered;
  /** Whether it can end though no silent server answers: by the cluster's going on without it. */
  readonly canPass: boolean;
}

/** Asks all servers that take writes. One that is silent counts for as long as it may be in the cluster. */
export class ProbeSet {
  readonly #source: ProbeSetSource;
  /** The servers that have not answered an earlier question yet. They are asked nothing else meanwhile. */
  readonly #hanging = new Set<Probe>();

  constructor(source: ProbeSetSource) {
    this.#source = source;
  }

  get probes(): readonly Probe[] {
    return this.#source.probes;
  }

  /** Those that are asked at each step. */
  get answering(): readonly Probe[] {
    return this.probes.filter((probe) => !this.#hanging.has(probe));
  }

  /** Asks each server. Resolves with why it is not known what all say, if it is not. Rejects with what no retry can mend. */
  async ask<R>(question: (probe: Probe) => Promise<R>): Promise<Answers<R>> {
    const { probes } = this;
    const outcomes: Outcomes<R> = new Map();
    const asking = this.answering.map(async (probe) => outcomes.set(probe, await outcomeOf(question(probe))));
    const all = Promise.all(asking);
    await (probes.length === 1 ? all : within(all, PATIENCE_MS));
    const early = answersOf(outcomes);
    if (early.length === probes.length) return early;
    const silence = await this.#silence(outcomes);
    if (silence === undefined || silence.canPass) {
      this.#leaveHanging(outcomes, all);
      return silence?.cause ?? early;
    }
    await all;
    const late = answersOf(outcomes);
    return late.length === probes.length ? late : unanswered(firstError(outcomes));
  }

  close(): void {
    const { probes, reader, primary } = this.#source;
    for (const probe of new Set([...probes, reader, primary])) probe.close();
  }

  #leaveHanging(outcomes: Outcomes<unknown>, all: Promise<unknown>): void {
    const silent = this.answering.filter((probe) => !outcomes.has(probe));
    for (const probe of silent) this.#hanging.add(probe);
    void all.finally(() => {
      for (const probe of silent) this.#hanging.delete(probe);
    });
  }

  /** Why nobody may speak for the servers that did not answer; undefined if the others may. */
  async #silence(outcomes: Outcomes<unknown>): Promise<Silence | undefined> {
    const { reader, primary } = this.#source;
    const asked = new Set([...outcomes.keys(), reader, primary].filter((probe) => !this.#hanging.has(probe)));
    const states = new Map<Probe, NodeState>();
    await Promise.all(
      [...asked].map(async (probe) => {
        const state = await stateOf(probe);
        if (state !== undefined) states.set(probe, state);
      }),
    );
    const answered = [...states].filter(([probe, state]) => speaksForItself(outcomes.get(probe), state));
    const unknown: NodeState = { kind: "alone", why: "it does not tell" };
    const why = whyNoQuorum({
      answered: answered.map(([, state]) => state),
      reader: states.get(reader) ?? unknown,
      primary: states.get(primary) ?? unknown,
    });
    if (why === undefined) return undefined;
    const canPass = states.get(reader)?.kind === "member";
    const error = firstError(outcomes);
    return { cause: why.reason === "partitioned" ? { ...why, error } : unanswered(error, why.message), canPass };
  }
}

function unanswered(error: unknown, more?: string): Unanswered {
  return { ...noAnswer(error, more), error };
}

/** Whether these are answers, and not why there are none. */
export function isAnswered<R>(answers: Answers<R>): answers is readonly ProbeAnswer<R>[] {
  return Array.isArray(answers);
}

/** A server that refuses all work, as while it joins its cluster, has nothing open there: that is an answer too. */
function speaksForItself(outcome: Outcome<unknown> | undefined, state: NodeState): boolean {
  if (outcome === undefined) return false;
  return "value" in outcome || (state.kind === "member" && !state.takesWork);
}

async function stateOf(probe: Probe): Promise<NodeState | undefined> {
  try {
    return await withTimeLimit(probe.state(), { timeoutMs: STATE_LIMIT_MS, what: "a server to tell its cluster" });
  } catch (error) {
    if (isRetryable(error)) return undefined;
    throw error;
  }
}

function outcomeOf<R>(answer: Promise<R>): Promise<Outcome<R>> {
  return answer.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** Resolves when the work is done, or after this time. */
async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  await withTimeLimit(work, { timeoutMs: limitMs, what: "all servers to answer" }).catch(() => undefined);
}

/** What was answered so far. @throws an error that no retry can mend */
function answersOf<R>(outcomes: Outcomes<R>): ProbeAnswer<R>[] {
  const answers: ProbeAnswer<R>[] = [];
  for (const [probe, outcome] of outcomes) {
    if ("value" in outcome) answers.push({ probe, value: outcome.value });
    else if (!isRetryable(outcome.error)) throw probe.explained(outcome.error);
  }
  return answers;
}

function firstError(outcomes: Outcomes<unknown>): unknown {
  for (const outcome of outcomes.values()) if ("error" in outcome) return outcome.error;
  // Some have said nothing at all so far.
  const cause = Object.assign(new Error("no answer yet"), { code: "ETIMEDOUT" });
  return new ReflexError("database_error", "a server that takes writes does not answer", { cause });
}
