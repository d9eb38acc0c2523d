/** The callback side of a mysql2 connection, as far as it shows how much was sent. */
export interface SendingCore {
  readonly stream?: { readonly bytesWritten?: unknown };
}

/** A statement that is under way, as mysql2's `query` returns it. */
export interface SentCommand {
  on(event: "result", listen: (header: { readonly serverStatus?: unknown }) => void): unknown;
}

/** What the server said at the end of a statement, and how many bytes had been sent to it by then. */
interface Answer {
  readonly idle: boolean;
  readonly sentBytes: number;
}

const SERVER_STATUS_IN_TRANS = 0x0001;

const lastAnswers = new WeakMap<object, Answer>();

/**
 * Remembers whether the server's answer to this statement shows that the session is in no transaction. Call it as soon
 * as mysql2 was given the statement. `command` is what `query` of mysql2 returned. A tracer around `query` may lose it:
 * then nothing is remembered.
 */
export function noteAnswer(core: SendingCore, command: SentCommand | undefined): void {
  // This event comes before the connection's next command is sent. So what someone has queued behind this statement
  // does not count as sent.
  command?.on("result", ({ serverStatus }) => {
    const sent = sentBytes(core);
    if (sent === undefined) return;
    // A counter of bytes that stands still can't be relied on.
    const counts = sent > (lastAnswers.get(core)?.sentBytes ?? Number.POSITIVE_INFINITY);
    const idle = counts && typeof serverStatus === "number" && (serverStatus & SERVER_STATUS_IN_TRANS) === 0;
    lastAnswers.set(core, { idle, sentBytes: sent });
  });
}

/**
 * Whether it is certain that the connection is in no transaction. The server must have said so in the last answer that
 * was noted, and nothing may have been sent since, by anyone, through any handle.
 */
export function isIdle(core: SendingCore): boolean {
  const answer = lastAnswers.get(core);
  return answer?.idle === true && answer.sentBytes === sentBytes(core);
}

// How many bytes were sent. Node.js counts them for sockets and TLS sockets alike. Other streams that mysql2 may be
// given have no such counter.
function sentBytes({ stream }: SendingCore): number | undefined {
  const count = stream?.bytesWritten;
  return typeof count === "number" ? count : undefined;
}
