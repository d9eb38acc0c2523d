import type { ReflexEvent } from "../../reflex/event.ts";

/** For how long no id counts as given by nobody after a cluster or a variable has changed, in ms. */
export const QUIET_AFTER_CHANGE_MS = 60_000;

/** How a server gives ids. */
export interface IdGiving {
  readonly increment: number;
  readonly offset: number;
  /** The view of its cluster, which is another one whenever a node comes or goes; "" for no cluster, or not known. */
  readonly view: string;
}

/**
 * Knows which ids no writer's offset can give: with `auto_increment_increment` 3, a server whose offset is 1 gives 1, 4, 7 and so
 * on. It is learned from what every server says that takes writes, never from the ids that were seen. It is a hint: whether an
 * id is closed by a noop is decided by the primary key, as always.
 */
export class WriterOffsets {
  readonly #now: () => number;
  /** By increment, the remainders of events that came though no server says that it gives them: trusted never again. */
  readonly #disproved = new Map<number, Set<number>>();
  #said = "";
  #increment = 1;
  /** The remainders that servers say they give. */
  #given = new Set<number>();
  #trustedFromMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes in what each server says now. After any change nothing is trusted for a while: a new writer shows itself meanwhile. */
  learn(servers: readonly IdGiving[]): void {
    const said = servers
      .map(({ increment, offset, view }) => `${increment} ${offset} ${view}`)
      .toSorted((one, other) => (one < other ? -1 : 1))
      .join(", ");
    if (said === this.#said) return;
    if (this.#said !== "") this.#trustedFromMs = this.#now() + QUIET_AFTER_CHANGE_MS;
    this.#said = said;
    const [first] = servers;
    // A server ignores an offset above its increment.
    const agree = servers.every(({ increment, offset }) => increment === first?.increment && offset <= increment);
    this.#increment = agree && first !== undefined ? first.increment : 1;
    this.#given = new Set(servers.map(({ increment, offset }) => offset % increment));
  }

  /** Whether some ids are known to be given by nobody, so that events are to be shown to {@link note}. */
  get active(): boolean {
    return this.#increment > 1;
  }

  /** An event with an id that no server says it gives shows a writer with an offset of its own. */
  note(events: readonly ReflexEvent[]): void {
    const increment = this.#increment;
    if (increment === 1) return;
    for (const { id, type } of events) {
      if (type === 0) continue;
      const remainder = Number(BigInt(id) % BigInt(increment));
      if (this.#given.has(remainder)) continue;
      const disproved = this.#disproved.get(increment) ?? new Set();
      this.#disproved.set(increment, disproved.add(remainder));
    }
  }

  /** Whether no writer can give this id, as far as is known. */
  givenByNobody(id: bigint): boolean {
    const increment = this.#increment;
    if (increment === 1 || this.#now() < this.#trustedFromMs) return false;
    const remainder = Number(id % BigInt(increment));
    return !this.#given.has(remainder) && this.#disproved.get(increment)?.has(remainder) !== true;
  }
}
