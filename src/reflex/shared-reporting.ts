import {
  type Audience,
  type ErrorReport,
  type Logger,
  type Observer,
  Reporting,
  type StallReport,
} from "./observer.ts";

/**
 * Passes each report on to all who have joined: once to each observer, however many tables and streams name it, and as a warning
 * once to each logger.
 */
export class SharedReporting extends Reporting {
  readonly #members = new Map<Reporting, number>();

  constructor() {
    super([]);
  }

  /** Passes reports on to this one as well, until the function is called that it returns. */
  join(member: Reporting): () => void {
    this.#members.set(member, (this.#members.get(member) ?? 0) + 1);
    let joined = true;
    return () => {
      if (!joined) return;
      joined = false;
      const left = (this.#members.get(member) ?? 1) - 1;
      if (left === 0) this.#members.delete(member);
      else this.#members.set(member, left);
    };
  }

  override wants(name: keyof Observer): boolean {
    for (const member of this.#members.keys()) if (member.wants(name)) return true;
    return false;
  }

  override tell<N extends keyof Observer>(name: N, report: Parameters<NonNullable<Observer[N]>>[0]): void {
    const told = new Set<Observer>();
    for (const { observers, loggers } of this.audiences) {
      const untold = observers.filter((observer) => !told.has(observer));
      for (const observer of untold) told.add(observer);
      new Reporting(untold, loggers[0]).tell(name, report);
    }
  }

  override warn(...warning: Parameters<Logger["warn"]>): void {
    for (const logger of this.#loggers(() => true)) new Reporting([], logger).warn(...warning);
  }

  override error(report: ErrorReport): void {
    this.tell("error", report);
    for (const logger of this.#loggers((observer) => observer.error === undefined)) {
      new Reporting([], logger).error(report);
    }
  }

  override stall(report: StallReport): void {
    this.tell("stall", report);
    for (const logger of this.#loggers((observer) => observer.stall === undefined)) {
      new Reporting([], logger).stall(report);
    }
  }

  override get audiences(): readonly Audience[] {
    return [...this.#members.keys()].flatMap((member) => member.audiences);
  }

  /** The loggers of those audiences all of whose observers are like this. */
  #loggers(isLeftOut: (observer: Observer) => boolean): Set<Logger> {
    const leftOut = this.audiences.filter(({ observers }) => observers.every(isLeftOut));
    return new Set(leftOut.flatMap(({ loggers }) => loggers));
  }
}
