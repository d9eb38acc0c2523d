import type { TransactionState } from "../driver.ts";

/** The callback side of a mysql2 connection, as far as it is used for transaction control. */
export interface Mysql2Core {
  query(
    sql: string | object,
    settle: (error: Error | null, result: unknown) => void,
  ): { on(event: "result", listen: (header: { readonly serverStatus?: unknown }) => void): unknown };
  readonly stream?: { readonly bytesWritten?: unknown };
}

/** What the server said at the end of a statement, and how much had been sent to it by then. */
interface Answer {
  readonly status: number;
  readonly sentBytes: number;
}

// Of the protocol of MySQL and MariaDB.
const SERVER_STATUS_IN_TRANS = 0x0001;
const SERVER_STATUS_IN_TRANS_READONLY = 0x2000;

const lastAnswers = new WeakMap<object, Answer>();

/** Sends a constant text, and remembers the state of the transaction that the server's answer shows. */
export function control(core: Mysql2Core, text: string | object): Promise<object[]> {
  return new Promise((resolve, reject) => {
    const sentBefore = sentBytes(core);
    const command = core.query(text, (error, result) => {
      if (error) reject(error);
      else resolve(Array.isArray(result) ? (result as object[]) : []);
    });
    // Told before the next command in the connection's queue is sent: what someone has queued behind this one does not
    // count as sent. A counter that has not counted this text itself is not one to rely on.
    command.on("result", ({ serverStatus }) => {
      const sent = sentBytes(core);
      if (typeof serverStatus !== "number" || sent === undefined || sentBefore === undefined || sent <= sentBefore) {
        lastAnswers.delete(core);
      } else lastAnswers.set(core, { status: serverStatus, sentBytes: sent });
    });
  });
}

/**
 * The state of the transaction on a connection, as the server told it in its answer to the last {@link control}. Undefined
 * once anything more has been sent, by whomever, and through whatever handle: then only the server knows.
 */
export function transactionState(core: Mysql2Core): TransactionState | undefined {
  const answer = lastAnswers.get(core);
  if (answer === undefined || answer.sentBytes !== sentBytes(core)) return undefined;
  if ((answer.status & SERVER_STATUS_IN_TRANS) === 0) return "none";
  return (answer.status & SERVER_STATUS_IN_TRANS_READONLY) === 0 ? "read write" : "read only";
}

// Node.js counts them for sockets and TLS sockets alike; other streams that mysql2 may be given have no such counter.
function sentBytes({ stream }: Mysql2Core): number | undefined {
  const count = stream?.bytesWritten;
  return typeof count === "number" ? count : undefined;
}
