import { isIPv4 } from "node:net";
import { rangeMistake, typeMistake } from "../../../errors/reflex-error.ts";
import { show } from "../../../errors/show.ts";
import { textWithCauses } from "../../../errors/show-error.ts";
import { aFunction, aString, checkOptions, type OptionChecks } from "../../../options/check-options.ts";
import { defaultLogger } from "../../../reflex/observer.ts";
import { isolated } from "../../../waiting/isolated.ts";
import { type EventsNotifier, inMemoryNotifier } from "../notifier.ts";
import { KeptLink, type OpenLink } from "./link.ts";
import { multicastLink } from "./multicast.ts";
import { unixLink } from "./unix.ts";

/** Where the processes of a machine meet: a unix socket, or a UDP port. */
export interface SocketNotifierOptions {
  /**
   * The path of a unix socket, which only processes of this user can open. It has at most 80 bytes. The first process makes
   * the socket and is the hub that the others connect to. When the hub's process ends, another process becomes the hub. While
   * the hub's process is stopped, as by a debugger, no wake-up gets through: events come as without a notifier.
   * Give either `path` or `port`.
   */
  path?: string | undefined;
  /** A UDP port of the loopback interface, for processes of all users of the machine. Give either `port` or `path`. */
  port?: number | undefined;
  /** The multicast address that goes with `port`. @defaultValue "239.255.83.81" */
  group?: string | undefined;
  /**
   * Only notifiers of the same channel wake each other: give each table's notifier the table's name. One line of at most 200
   * bytes. @defaultValue ""
   */
  channel?: string | undefined;
  /**
   * Called once when the other processes can't be reached. The notifier tries again after pauses that grow from 10 ms to
   * 5 s. @defaultValue a process warning
   */
  onError?: ((error: Error) => void) | undefined;
}

/** A notifier that wakes streams of other processes on this machine too. */
export interface SocketNotifier extends EventsNotifier, AsyncDisposable {
  /**
   * Sends the wake-up that still waits for a connection, leaves the other processes, and resolves when the socket is closed.
   * After that the notifier wakes streams of its own process only.
   */
  close(): Promise<void>;
}

const DEFAULT_GROUP = "239.255.83.81";
// A unix socket's path has at most 103 bytes on macOS, and the hub first binds a temporary path that is longer than this.
export const LONGEST_PATH = 80;
export const LONGEST_CHANNEL = 200;

const checks: OptionChecks<SocketNotifierOptions> = {
  path: aString,
  port: aPort,
  group: aGroup,
  channel: aChannel,
  onError: aFunction,
};

/**
 * A notifier that wakes the streams of all processes on this machine, within a millisecond or so of a commit. A wake-up is a
 * hint: a lost one only delays events until the table's `wake` or `backoffMs` finds them. When the connection to the other
 * processes breaks, streams may be woken once more than there are commits. The notifier opens nothing until it is used, and
 * does not keep the process alive.
 * @throws TypeError or RangeError `invalid_option`
 * @example
 * const notifier = socketNotifier({ path: "/run/shop/events.sock", channel: "order_events" });
 * const orders = new EventsTable("order_events", { notifier });
 */
export function socketNotifier(options: SocketNotifierOptions): SocketNotifier {
  const checked = checkOptions("socketNotifier()", options, checks);
  const { onError = warn } = checked;
  const local = inMemoryNotifier();
  const link = new KeptLink({ open: opener(checked), onWake: () => local.notify(), onError });
  return {
    subscribe(onWake) {
      link.open();
      return local.subscribe(onWake);
    },
    notify() {
      local.notify();
      link.send();
    },
    close: () => link.close(),
    [Symbol.asyncDispose]: () => link.close(),
  };
}

function opener({ path, port, group, channel = "" }: SocketNotifierOptions): OpenLink {
  if ((path === undefined) === (port === undefined)) {
    throw typeMistake("invalid_option", "socketNotifier() takes either option path or option port");
  }
  if (path === undefined) return multicastLink({ port: port ?? 0, group: group ?? DEFAULT_GROUP, channel });
  if (group !== undefined) throw typeMistake("invalid_option", "option group of socketNotifier() goes with port");
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw rangeMistake(
      "invalid_option",
      `option path of socketNotifier() must have at most ${LONGEST_PATH} bytes, found ${show(path)}`,
    );
  }
  return unixLink({ path, channel });
}

function warn(error: Error): void {
  isolated(
    () => defaultLogger.warn(`${textWithCauses(error)}; events of other processes come later until it works again`, {}),
    () => undefined,
  );
}

function aPort(value: unknown): string | undefined {
  const valid = Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
  return valid ? undefined : "a port from 1 to 65535";
}

function aGroup(value: unknown): string | undefined {
  const first = typeof value === "string" && isIPv4(value) ? Number.parseInt(value, 10) : 0;
  return first >= 224 && first <= 239 ? undefined : `a multicast address such as "${DEFAULT_GROUP}"`;
}

function aChannel(value: unknown): string | undefined {
  const valid = typeof value === "string" && Buffer.byteLength(value) <= LONGEST_CHANNEL && !/[\r\n]/.test(value);
  return valid ? undefined : `a string of one line and at most ${LONGEST_CHANNEL} bytes`;
}
