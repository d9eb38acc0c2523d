const LIMIT_MS = 15_000;

/** What must be undone at the end, however the demo ends: the last first. */
export class Cleanup {
  readonly #steps: { readonly remedy: string; readonly undo: () => Promise<unknown> }[] = [];

  /** `remedy` tells the user what to do when `undo` fails. */
  add(remedy: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ remedy, undo });
  }

  /** Undoes everything once, whatever fails in between. Returns what the user must do by hand. */
  async run(): Promise<string[]> {
    const left: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await limited(step.undo());
      } catch (error) {
        left.push(`${step.remedy} (${error instanceof Error ? error.message : String(error)})`);
      }
    }
    return left;
  }
}

function limited(work: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
