/** The callback side of a mysql2 connection, as far as the server's answers can be watched on it. */
export interface AnsweredCore {
  readonly stream?: AnswerStream;
  /** The command that the server has not answered yet; null or undefined if there is none. Not documented. */
  readonly _command?: unknown;
  /** What takes the stream apart. Not documented. */
  readonly packetParser?: { readonly packetHeaderLength?: unknown };
}

interface AnswerStream {
  readonly bytesRead?: unknown;
  on?(event: "data", listen: (chunk: Uint8Array) => void): unknown;
}

const SERVER_STATUS_IN_TRANS = 0x0001;
const SERVER_MORE_RESULTS_EXIST = 0x0008;
const HEADER_BYTES = 4;
const OK = 0x00;
const END_OF_ROWS = 0xfe;
const END_OF_ROWS_BYTES = 5;
// An answer to PREPARE that names neither parameters nor columns begins like an OK packet.
const PREPARED_BYTES = 12;

const watches = new WeakMap<object, AnswerWatch>();

/**
 * Whether it is certain that the session is in no transaction: the server has said so at the end of its last answer, to whomever,
 * and nothing was sent since. False the first time, since a connection's answers are watched from then on.
 */
export function isIdle(core: AnsweredCore): boolean {
  const watch = watches.get(core);
  if (watch !== undefined) return watch.saysIdle();
  watches.set(core, new AnswerWatch(core));
  return false;
}

/** Keeps the server's last answer on one connection. What it costs is a look at each chunk that the socket brings. */
class AnswerWatch {
  readonly #core: AnsweredCore;
  /** The last answer. Undefined if it is not over, or did not come in one chunk. */
  #last: Uint8Array | undefined;
  /** Whether the next chunk is the beginning of an answer. */
  #begins: boolean;
  /** How many bytes the socket has brought, as far as this watch knows. */
  #bytesSeen: unknown;

  constructor(core: AnsweredCore) {
    this.#core = core;
    this.#begins = !isAwaited(core);
    this.#bytesSeen = core.stream?.bytesRead;
    core.stream?.on?.("data", (chunk) => this.#note(chunk));
  }

  saysIdle(): boolean {
    const { stream, packetParser } = this.#core;
    const bytesRead = stream?.bytesRead;
    // What came past this watch may have been an answer.
    if (bytesRead === undefined || bytesRead !== this.#bytesSeen) this.#last = undefined;
    this.#bytesSeen = bytesRead;
    if (this.#last === undefined || isAwaited(this.#core)) return false;
    // In the compressed protocol, packets look different.
    if (packetParser?.packetHeaderLength !== HEADER_BYTES) return false;
    const status = lastStatus(this.#last);
    return status !== undefined && (status & (SERVER_STATUS_IN_TRANS | SERVER_MORE_RESULTS_EXIST)) === 0;
  }

  // The driver has listened for longer, and so has dealt with the chunk already. Where a command is still awaited, the chunk is a
  // part of its answer, or all of the answer to one before it.
  #note(chunk: Uint8Array): void {
    const over = !isAwaited(this.#core);
    this.#last = this.#begins && over ? chunk : undefined;
    this.#begins = over;
    if (typeof this.#bytesSeen === "number") this.#bytesSeen += chunk.length;
  }
}

/** Whether some command has not been answered. A driver that does not tell is taken to have one. */
function isAwaited(core: AnsweredCore): boolean {
  const { _command: awaited } = core;
  return !("_command" in core) || (awaited !== undefined && awaited !== null);
}

/** The session's status as the last of these packets tells it; undefined if it is an error, or is not certain. */
export function lastStatus(packets: Uint8Array): number | undefined {
  const view = Buffer.from(packets.buffer, packets.byteOffset, packets.byteLength);
  let start = 0;
  for (;;) {
    if (view.length - start <= HEADER_BYTES) return undefined;
    const end = start + HEADER_BYTES + view.readUIntLE(start, 3);
    if (end > view.length) return undefined;
    if (end === view.length) return statusOf(view.subarray(start + HEADER_BYTES));
    start = end;
  }
}

function statusOf(packet: Buffer): number | undefined {
  if (packet[0] === END_OF_ROWS && packet.length === END_OF_ROWS_BYTES) return packet.readUInt16LE(3);
  if (packet[0] !== OK || packet.length === PREPARED_BYTES) return undefined;
  const affectedRows = 1;
  const insertId = affectedRows + numberBytes(packet[affectedRows]);
  const status = insertId + numberBytes(packet[insertId]);
  return status + 2 <= packet.length ? packet.readUInt16LE(status) : undefined;
}

/** How many bytes a number takes that begins with this one. */
function numberBytes(first: number | undefined): number {
  if (first === 0xfc) return 3;
  if (first === 0xfd) return 4;
  return first === 0xfe ? 9 : 1;
}
