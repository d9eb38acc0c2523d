export const MOST_REMEMBERED = 100_000;

export interface Fillable {
  /** Ids that noops may take now, ascending. */
  readonly ids: readonly bigint[];
  /** In how many ms the first missing id becomes fillable; undefined if it is fillable already, or in flight. */
  readonly nextInMs: number | undefined;
}

export interface GraceClock {
  /** The time of a monotonic clock, in ms. */
  readonly now: number;
  readonly graceMs: number;
  /** Whether no writer can give this id, so that its grace spares nobody. @defaultValue none is known */
  readonly givenByNobody?: ((id: bigint) => boolean) | undefined;
}

/**
 * Decides which missing ids noops may take without hurting a writer that is about to insert. These are the ids of
 * transactions that were seen and are gone, and the ids that have been missing for the whole grace. What is known of an
 * id is kept from poll to poll: a clock that started anew at each poll would never run out.
 */
export class GraceTracker {
  readonly #firstSeen = new Map<bigint, number>();
  readonly #wereInFlight = new Set<bigint>();

  /** Which of the missing ids are fillable. */
  fillableIds(missing: readonly bigint[], inFlight: ReadonlySet<bigint>, clock: GraceClock): Fillable {
    const { now, graceMs, givenByNobody = () => false } = clock;
    this.#forget();
    const ids: bigint[] = [];
    let nextInMs: number | undefined;
    // Those of one gap that need no grace. Alone they would bring no stream further, and cost a second insert for the others.
    let early: bigint[] = [];
    for (const [index, id] of missing.entries()) {
      const since = this.#firstSeen.get(id) ?? now;
      this.#firstSeen.set(id, since);
      if (inFlight.has(id)) {
        this.#wereInFlight.add(id);
        // Later ids of the same statement may not be inserted yet: a noop at one would end it with a duplicate key.
        break;
      }
      if (this.#wereInFlight.has(id) || now - since >= graceMs) ids.push(id);
      else if (nextInMs === undefined && givenByNobody(id)) early.push(id);
      else nextInMs ??= since + graceMs - now;
      if (missing[index + 1] === id + 1n) continue;
      if (nextInMs === undefined) ids.push(...early);
      early = [];
    }
    this.#remember(missing, inFlight, now);
    return { ids: ids.toSorted(ascending), nextInMs: ids.length > 0 ? undefined : nextInMs };
  }

  #remember(missing: readonly bigint[], inFlight: ReadonlySet<bigint>, now: number): void {
    for (const id of missing) if (!this.#firstSeen.has(id)) this.#firstSeen.set(id, now);
    for (const id of inFlight) this.#wereInFlight.add(id);
  }

  /**
   * Forgets all ids once there are too many. An id that was resolved need not be known for ever. An id that is still missing is
   * seen again at the next poll, and then waits for a whole grace once more.
   */
  #forget(): void {
    if (this.#firstSeen.size + this.#wereInFlight.size < MOST_REMEMBERED) return;
    this.#firstSeen.clear();
    this.#wereInFlight.clear();
  }
}

function ascending(one: bigint, other: bigint): number {
  return one < other ? -1 : 1;
}
