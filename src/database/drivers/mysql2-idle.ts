/** The callback side of a mysql2 connection, as far as it shows what was sent. */
export interface SendingCore {
  readonly stream?: { readonly bytesWritten?: unknown };
}

/** A statement under way, as mysql2's `query` returns it. */
export interface SentCommand {
  on(event: "result", listen: (header: { readonly serverStatus?: unknown }) => void): unknown;
}

/** What the server said at the end of a statement, and how much had been sent to it by then. */
interface Answer {
  readonly idle: boolean;
  readonly sentBytes: number;
}

const SERVER_STATUS_IN_TRANS = 0x0001;

const lastAnswers = new WeakMap<object, Answer>();

/**
 * Remembers whether the server's answer to this statement shows the session outside of any transaction. To be called as
 * soon as mysql2 was given the statement. Without what its `query` returns, as a tracer around it may lose it, nothing is noted.
 */
export function noteAnswer(core: SendingCore, command: SentCommand | undefined): void {
  // Told before the next command in the connection's queue is sent: what someone has queued behind this one does not count
  // as sent.
  command?.on("result", ({ serverStatus }) => {
    const sent = sentBytes(core);
    if (sent === undefined) return;
    // A counter that stands still is not one to rely on.
    const counts = sent > (lastAnswers.get(core)?.sentBytes ?? Number.POSITIVE_INFINITY);
    const idle = counts && typeof serverStatus === "number" && (serverStatus & SERVER_STATUS_IN_TRANS) === 0;
    lastAnswers.set(core, { idle, sentBytes: sent });
  });
}

/**
 * Whether it is certain that the connection is in no transaction: the server said so in the last answer that was noted, and
 * nothing has been sent since, by whomever, and through whatever handle.
 */
export function isIdle(core: SendingCore): boolean {
  const answer = lastAnswers.get(core);
  return answer?.idle === true && answer.sentBytes === sentBytes(core);
}

// Node.js counts them for sockets and TLS sockets alike; other streams that mysql2 may be given have no such counter.
function sentBytes({ stream }: SendingCore): number | undefined {
  const count = stream?.bytesWritten;
  return typeof count === "number" ? count : undefined;
}
