/** How long a wait may last before it is told, in ms, with what a busy machine takes to write it down. */
export const TOLD_WITHIN_MS = 5500;

/** What a busy machine may take longer to go on, in ms. */
const BUSY_MS = 500;

/** Something that a reader was told, or that it ended with. All times are in ms of the machine's monotonic clock. */
export interface Telling {
  readonly at: number;
  readonly kind: "stall" | "error" | "hold" | "ended";
  /** The reason of a stall, or the code of an error. */
  readonly code: string;
  readonly message: string;
  /** The session that a stall names as what holds it up. */
  readonly threadId?: string | undefined;
}

/** What may rightly be said of a wait. */
export interface Truth {
  /** The reasons of stalls that are true. A stall of any other but "unknown" is a wrong cause. */
  readonly reasons: readonly string[];
  /** Of the errors and holds that tell the cause: what their code and message, with a colon between, match. */
  readonly errors: RegExp;
  /** How long after the end of what stood in the way a reader with this driver may be back, in ms; undefined if nothing is promised. */
  readonly backWithinMs?: Readonly<Record<Driver, number>>;
}

export type Driver = "mysql2" | "mariadb";

/** A time in which an event was kept from a reader. */
export interface Wait {
  readonly reader: string;
  readonly driver: Driver;
  readonly beganAt: number;
  /** When what kept it back was gone. */
  readonly clearedAt: number;
  /** When the next event reached the reader; undefined if none did, or none was to. */
  readonly deliveredAt: number | undefined;
  /** Whether it is of those that must be told: short ones need not be. */
  readonly mustBeTold: boolean;
  /** Whether an event was to come after it. */
  readonly eventDue: boolean;
  /** Of this reader, all of them. */
  readonly tellings: readonly Telling[];
  /** The session that a stall has to name if it names any; undefined if that is not known. */
  readonly blocker?: string | undefined;
}

export interface WaitVerdict {
  readonly reader: string;
  readonly waitedMs: number;
  /** The event came before the obstacle was gone, so that there was no wait. */
  readonly void: boolean;
  readonly mustBeTold: boolean;
  readonly toldAfterMs: number | undefined;
  /** When a true cause was told for the first time. */
  readonly rightAfterMs: number | undefined;
  /** What was told first: a stall's reason, or an error's code. */
  readonly first: string | undefined;
  /** Whether a stall named the session that held it up; undefined if none was named. */
  readonly blockerRight: boolean | undefined;
  /** Stalls with a cause that was not so; "unknown" claims none. */
  readonly wrong: readonly string[];
  readonly backAfterMs: number | undefined;
  /** Whether it was back later than is promised. */
  readonly backLate: boolean;
  /** Whether an event was to come, and none did. */
  readonly neverBack: boolean;
}

// What was told of a cause that has just ended is no mistake yet.
const JUST_ENDED_MS = 1000;

export function judgeWait(wait: Wait, truth: Truth): WaitVerdict {
  const { beganAt, clearedAt, deliveredAt, mustBeTold, eventDue } = wait;
  const told = wait.tellings.filter(({ at }) => at >= beganAt && at <= Math.min(clearedAt, deliveredAt ?? clearedAt));
  const right = told.find((telling) => isTrue(telling, truth));
  const backAfterMs = after(clearedAt, deliveredAt);
  const named = told.find(({ kind, threadId }) => kind === "stall" && threadId !== undefined);
  const causes = told.filter(({ kind, code }) => kind === "stall" && code !== "unknown");
  const wrong = causes.filter((telling) => telling.at > beganAt + JUST_ENDED_MS && !isTrue(telling, truth));
  return {
    mustBeTold,
    reader: wait.reader,
    waitedMs: clearedAt - beganAt,
    void: deliveredAt !== undefined && deliveredAt < clearedAt,
    toldAfterMs: after(beganAt, told[0]?.at),
    rightAfterMs: after(beganAt, right?.at),
    first: told[0] === undefined ? undefined : nameOf(told[0]),
    blockerRight: named === undefined || wait.blocker === undefined ? undefined : named.threadId === wait.blocker,
    wrong: wrong.map(({ code, message }) => `${code}: ${message}`),
    backAfterMs,
    backLate: backAfterMs !== undefined && backAfterMs > (truth.backWithinMs?.[wait.driver] ?? Infinity) + BUSY_MS,
    neverBack: eventDue && deliveredAt === undefined,
  };
}

/** Whether the wait was told in time, if it had to be. */
export function toldInTime({ mustBeTold, toldAfterMs }: WaitVerdict): boolean {
  return !mustBeTold || (toldAfterMs !== undefined && toldAfterMs <= TOLD_WITHIN_MS);
}

function isTrue({ kind, code, message }: Telling, { reasons, errors }: Truth): boolean {
  return kind === "stall" ? reasons.includes(code) : errors.test(`${code}: ${message}`);
}

function nameOf({ kind, code }: Telling): string {
  return kind === "stall" ? code : `${kind} ${code}`.trim();
}

function after(from: number, at: number | undefined): number | undefined {
  return at === undefined ? undefined : at - from;
}
