import { textWithCauses } from "../../errors/show-error.ts";
import { defaultLogger } from "../../reflex/observer.ts";

interface Flushable {
  flush(): Promise<void>;
}

const waiting = new Set<Flushable>();
let listening = false;

/**
 * Has `flushable` flushed when the process is about to end since nothing is left to do. It is held in memory until
 * then, or until the function is called that this returns.
 */
export function flushBeforeExit(flushable: Flushable): () => void {
  waiting.add(flushable);
  if (!listening) process.on("beforeExit", flushAll);
  listening = true;
  return () => waiting.delete(flushable);
}

function flushAll(): void {
  // Each is flushed only once. Node.js calls this function again after every flush, so that one that fails would keep
  // the process alive for ever.
  for (const due of waiting) {
    waiting.delete(due);
    due.flush().catch((error: unknown) => {
      const remedy = "await close() of the cursors table while its pool is open, before the program ends";
      defaultLogger.warn(`cursors were not written at exit: ${textWithCauses(error)}; ${remedy}`, {});
    });
  }
}
