interface Flushable {
  flush(): Promise<void>;
}

const waiting = new Set<Flushable>();
let listening = false;

/**
 * Has `flushable` flushed when the process is about to end because nothing is left to do. Holds it until then, or until
 * the function that it returns is called.
 */
export function flushBeforeExit(flushable: Flushable): () => void {
  waiting.add(flushable);
  if (!listening) process.on("beforeExit", flushAll);
  listening = true;
  return () => waiting.delete(flushable);
}

function flushAll(): void {
  // Each once: Node.js calls this again after every flush, and one that fails would keep the process for ever.
  for (const due of waiting) {
    waiting.delete(due);
    due.flush().catch((error: unknown) => process.emitWarning(`cursors were not written at exit: ${String(error)}`));
  }
}
