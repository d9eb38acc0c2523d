import type { Socket } from "node:net";

/** One direction of a connection through a proxy. Bytes leave it in the order in which they came. */
export class ProxyLane {
  /** How long each piece is kept before it goes on, in ms. */
  delayMs = 0;
  /** What is kept back; undefined while nothing is. */
  #held: Buffer[] | undefined;
  #swallows = false;
  readonly #to: Socket;
  readonly #onHeld: (() => void)[] = [];
  #lastDueAt = 0;

  constructor(to: Socket) {
    this.#to = to;
  }

  send(bytes: Buffer): void {
    if (this.#swallows) return;
    if (this.#held !== undefined) {
      this.#held.push(bytes);
      for (const tell of this.#onHeld.splice(0)) tell();
      return;
    }
    const now = performance.now();
    // What comes after a longer delay has been set back to none must not overtake what is still under way.
    const dueAt = Math.max(this.#lastDueAt, now + this.delayMs);
    this.#lastDueAt = dueAt;
    if (dueAt <= now) this.#write(bytes);
    else setTimeout(() => this.#write(bytes), dueAt - now);
  }

  /** Loses every byte from now on. */
  swallow(): void {
    this.#swallows = true;
    this.#held = undefined;
  }

  /** Keeps back what comes from now on. Resolves when something has come. */
  hold(): Promise<void> {
    this.#held = [];
    return new Promise((resolve) => this.#onHeld.push(resolve));
  }

  /** Lets go on what was kept back. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) this.send(bytes);
  }

  #write(bytes: Buffer): void {
    if (!this.#swallows && this.#to.writable) this.#to.write(bytes);
  }
}
