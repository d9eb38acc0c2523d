interface Flushable {
  flush(): Promise<void>;
}

const waiting = new Set<Flushable>();
let listening = false;

/** Has `flushable` flushed when the process is about to end because nothing is left to do. Holds it until then. */
export function flushBeforeExit(flushable: Flushable): void {
  waiting.add(flushable);
  if (listening) return;
  listening = true;
  process.on("beforeExit", () => {
    // Each once: Node.js calls this again after every flush, and one that fails would keep the process for ever.
    for (const due of waiting) {
      waiting.delete(due);
      due.flush().catch((error: unknown) => process.emitWarning(`cursors were not written at exit: ${String(error)}`));
    }
  });
}
