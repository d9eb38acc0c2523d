import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * Two sockets and a path that leads to the first of them, until `replace()` makes it lead to the second. Hubs of both can
 * be open before that; the hub of the first then finds that another hub has its path.
 */
export class ReplaceableSocket {
  readonly #folder = mkdtempSync(join(tmpdir(), "rsql-notify-"));
  readonly #entry = join(this.#folder, "entry");
  readonly #next = join(this.#folder, "next");
  /** Leads to the first socket, then to the second. */
  readonly path: string = join(this.#entry, "events.sock");
  readonly firstPath: string = join(this.#folder, "first", "events.sock");
  readonly nextPath: string = join(this.#next, "events.sock");

  /** Without the folder of the first socket, the path leads nowhere until it is replaced. */
  constructor(options: { readonly hasFirst?: boolean } = {}) {
    onTestFinished(() => rmSync(this.#folder, { recursive: true, force: true }));
    const first = join(this.#folder, "first");
    if (options.hasFirst !== false) mkdirSync(first);
    mkdirSync(this.#next);
    symlinkSync(first, this.#entry);
  }

  /** In one step, so that a test can do it and something else before any process notices. */
  replace(): void {
    const replacement = join(this.#folder, "replacement");
    symlinkSync(this.#next, replacement);
    renameSync(replacement, this.#entry);
  }
}
