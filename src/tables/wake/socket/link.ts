import { isolated } from "../../../waiting/isolated.ts";
import { startTimer } from "../../../waiting/timer.ts";

/** A way to the other processes. */
export interface Link {
  /** Wakes the other processes, now or soon. Never throws. */
  send(): void;
  /** Ends it; `onLost` is not called any more. */
  close(): Promise<void>;
}

export interface LinkEvents {
  /** Another process has sent a wake-up. */
  readonly onWake: () => void;
  /** The link is of no use any more; without an error if that is in the order of things. */
  readonly onLost: (error?: Error) => void;
}

/** Opens a link. Rejects when that is not possible now. */
export type OpenLink = (events: LinkEvents) => Promise<Link>;

export interface KeptLinkSource {
  readonly open: OpenLink;
  readonly onWake: () => void;
  /** Called once an outage. */
  readonly onError: (error: Error) => void;
}

const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 5000;
/** A link that lasted this long was no failure. */
const STABLE_MS = 1000;

/** A link that is opened when first needed, and anew whenever it is lost. */
export class KeptLink {
  readonly #source: KeptLinkSource;
  #state: "unused" | "opening" | "open" | "waiting" | "closed" = "unused";
  #link: Link | undefined;
  #opening: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #openedAt = 0;
  #retryMs = FIRST_RETRY_MS;
  #told = false;
  /** A wake-up that could not be sent yet. */
  #pending = false;

  constructor(source: KeptLinkSource) {
    this.#source = source;
  }

  open(): void {
    if (this.#state === "unused") this.#open();
  }

  send(): void {
    if (this.#link !== undefined) return this.#link.send();
    if (this.#state === "closed") return;
    this.#pending = true;
    this.open();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    this.#cancelTimer?.();
    await this.#opening;
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  #open(): void {
    this.#state = "opening";
    this.#opening = this.#tryToOpen();
  }

  async #tryToOpen(): Promise<void> {
    const losses: (Error | undefined)[] = [];
    const onLost = (error?: Error): void => {
      losses.push(error);
      if (this.#state === "open") this.#lose(error);
    };
    let link: Link;
    try {
      link = await this.#source.open({ onWake: () => this.#wake(), onLost });
    } catch (error) {
      if (this.#state === "opening") this.#retry(error as Error);
      return;
    }
    this.#link = link;
    if (this.#state !== "opening") return;
    this.#state = "open";
    if (losses.length === 0) this.#opened(link);
    else this.#lose(losses[0]);
  }

  #opened(link: Link): void {
    this.#openedAt = performance.now();
    this.#told = false;
    if (this.#pending) link.send();
    this.#pending = false;
    // What was sent while there was no link is lost.
    this.#wake();
  }

  #lose(error: Error | undefined): void {
    this.#link = undefined;
    if (performance.now() - this.#openedAt > STABLE_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#retry(error);
  }

  #retry(error: Error | undefined): void {
    this.#state = "waiting";
    if (error !== undefined) this.#tell(error);
    // Not all at once, when the process that all were connected to has ended.
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#cancelTimer = startTimer(waitMs, () => this.#open(), { keepAlive: false });
  }

  #tell(error: Error): void {
    if (this.#told) return;
    this.#told = true;
    isolated(
      () => this.#source.onError(error),
      // An error function that fails has no one to tell.
      () => undefined,
    );
  }

  #wake(): void {
    if (this.#state !== "closed") this.#source.onWake();
  }
}
