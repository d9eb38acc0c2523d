import { startTimer } from "../../waiting/timer.ts";

/** The part of a socket that is needed to close it. */
export interface ClosableSocket {
  end(onSent: () => void): unknown;
  destroy(): unknown;
  /** How many bytes have come so far. Node.js counts them for sockets and TLS sockets alike. */
  readonly bytesRead?: unknown;
}

// How long it may take to hand a few bytes to the operating system. Only a server that has stopped reading takes longer.
const LONGEST_SENDING_MS = 1000;

/**
 * Closes a socket once what was written to it is on its way. It does not wait for the server to close its side: one that hangs
 * never does, and the process could not end.
 */
export function closeAfterSending(socket: ClosableSocket): void {
  const cancel = startTimer(LONGEST_SENDING_MS, () => socket.destroy(), { keepAlive: false });
  const close = (): void => {
    cancel();
    socket.destroy();
  };
  // Drivers write what they are given now or in a moment.
  setImmediate(() => socket.end(close));
}
