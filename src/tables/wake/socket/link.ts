import { isolated } from "../../../waiting/isolated.ts";
import { startTimer } from "../../../waiting/timer.ts";

/** A way to the other processes. */
export interface Link {
  /** Wakes the other processes, now or soon. Never throws. */
  send(): void;
  /** Ends the link. `onLost` is not called any more. */
  close(): Promise<void>;
}

export interface LinkEvents {
  /** Another process has sent a wake-up. */
  readonly onWake: () => void;
  /** The link is of no use any more. There is an error unless a link of this kind is expected to end so. */
  readonly onLost: (error?: Error) => void;
}

/** Opens a link. Rejects when no link can be opened now. */
export type OpenLink = (events: LinkEvents) => Promise<Link>;

export interface KeptLinkSource {
  readonly open: OpenLink;
  readonly onWake: () => void;
  /** Called once an outage. */
  readonly onError: (error: Error) => void;
}

export const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 5000;
/** A link that lasted this long counts as a success: the next pause is the first one again. */
const STABLE_MS = 1000;

/**
 * A link that is opened when it is first needed, and opened anew whenever it is lost.
 *
 * No link tells whether a wake-up has arrived: the hub that got the wake-up may have died before it passed the wake-up on,
 * or may have been replaced by another hub that the other processes are linked to. So a process that has ever sent a
 * wake-up sends one on each new link too. A wake-up too many costs the others one look at the table; a lost one would
 * delay their events.
 */
export class KeptLink {
  readonly #source: KeptLinkSource;
  #state: "unused" | "opening" | "open" | "waiting" | "closed" = "unused";
  #link: Link | undefined;
  #opening: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #openedAt = 0;
  #retryMs = FIRST_RETRY_MS;
  /** Whether the present outage was told to `onError`. */
  #told = false;
  #hasSent = false;

  constructor(source: KeptLinkSource) {
    this.#source = source;
  }

  open(): void {
    if (this.#state === "unused") this.#open();
  }

  send(): void {
    this.#hasSent = true;
    if (this.#link !== undefined) this.#link.send();
    else this.open();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelTimer?.();
    // A wake-up that waits for the next try to open the link gets this last one.
    if (this.#state === "waiting" && this.#hasSent) this.#open();
    const isOpening = this.#state === "opening";
    this.#state = "closed";
    await this.#opening;
    const link = this.#link;
    this.#link = undefined;
    if (isOpening && this.#hasSent) link?.send();
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
    if (this.#hasSent) link.send();
    // The wake-ups that other processes sent while there was no link did not reach this process.
    this.#wake();
  }

  #lose(error: Error | undefined): void {
    this.#link = undefined;
    if (performance.now() - this.#openedAt > STABLE_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#retry(error);
  }

  #retry(error: Error | undefined): void {
    this.#state = "waiting";
    // When a hub ends, all its processes lose their links at once. Pauses of different lengths keep them from opening new
    // links all at once.
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#cancelTimer = startTimer(waitMs, () => this.#open(), { keepAlive: false });
    // Last: the error function may close this link.
    if (error !== undefined) this.#tell(error);
  }

  #tell(error: Error): void {
    if (this.#told) return;
    this.#told = true;
    isolated(
      () => this.#source.onError(error),
      // There is nobody to tell of an error function that fails.
      () => undefined,
    );
  }

  #wake(): void {
    if (this.#state !== "closed") this.#source.onWake();
  }
}
