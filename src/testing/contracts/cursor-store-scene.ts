import { isReflexError, type ReflexErrorCode } from "../../errors/reflex-error.ts";
import { showError } from "../../errors/show-error.ts";
import type { CursorStore } from "../../reflex/cursor-store.ts";
import { assertEqual, assertThat, rejectionOf, within } from "../tables/assertions.ts";

/** Cursors in one place, made anew and empty for each case of `cursorStoreContract`. */
export interface CursorStoreSubject {
  /**
   * Opens a store of these cursors. Called again it gives one that sees what the first has written, as another process
   * would, and not what the first still holds back. A store that keeps cursors only for itself is given each time.
   */
  readonly open: () => CursorStore | Promise<CursorStore>;
  /** Frees what the subject holds, after its case; its stores are disposed of by then. */
  [Symbol.asyncDispose]?(): PromiseLike<void>;
}

/** One case at work, and the stores that it has opened. */
export class CursorStoreScene implements AsyncDisposable {
  readonly #subject: CursorStoreSubject;
  readonly #patienceMs: number;
  readonly #opened = new Set<CursorStore>();

  constructor(subject: CursorStoreSubject, patienceMs: number) {
    this.#subject = subject;
    this.#patienceMs = patienceMs;
  }

  async open(): Promise<CursorStore> {
    const store = await this.#subject.open();
    this.#opened.add(store);
    return store;
  }

  /** The cursor as another process sees it. */
  async writtenCursor(consumer: string): Promise<string> {
    const store = await this.open();
    return this.within("the cursor", store.getCursor(consumer));
  }

  async set(store: CursorStore, consumer: string, ...cursors: readonly string[]): Promise<void> {
    for (const cursor of cursors) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other is the point
      await this.within(`${consumer} to be set to ${cursor}`, store.setCursor(consumer, cursor));
    }
  }

  async assertCursor(store: CursorStore, consumer: string, expected: string): Promise<void> {
    const found = await this.within("the cursor", store.getCursor(consumer));
    assertEqual(found, expected, `the cursor of ${consumer}`);
  }

  /** What a call rejects with, which must have this code. */
  async assertRefused(work: Promise<unknown>, code: ReflexErrorCode, what: string): Promise<void> {
    const error = await this.within(`${what} to be refused`, rejectionOf(work, what));
    assertThat(isReflexError(error, code), `${what} must reject with ReflexError ${code}, found ${showError(error)}`);
  }

  within<R>(what: string, work: Promise<R>): Promise<R> {
    return within(this.#patienceMs, what, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disposals = [...this.#opened].map((store) => store[Symbol.asyncDispose]());
    await this.within("the stores to be disposed of", Promise.all(disposals));
    await this.#subject[Symbol.asyncDispose]?.();
  }
}

/** Rules, each with how it is checked. */
export type CursorRules = Readonly<Record<string, (scene: CursorStoreScene) => Promise<void>>>;
