import { parseArgs } from "node:util";

/** A mistake in how the demo was called: exit code 2. */
export class UsageError extends Error {}

export interface DemoArguments {
  readonly help: boolean;
  /** The URL of the user's own database. */
  readonly database: string | undefined;
  /** Which of its own databases the demo is to use. */
  readonly engine: "private" | "sqlite" | undefined;
  /** How long orders are placed. */
  readonly seconds: number;
  /** Undefined: as many as the database takes well. */
  readonly ordersPerSecond: number | undefined;
  /** Whether a consumer shall lose an event on purpose. */
  readonly skipEvent: boolean;
}

export const demoHelp = `Usage: npm run demo -- [options]

Places orders from several processes at once, streams their events to three
consumers, kills one of them in the middle, and checks at the end that nothing
was lost, doubled or out of order.

  --database URL         your MySQL or MariaDB server, for example
                         mysql://user:password@localhost/shop (default: the
                         variable DATABASE_URL). The demo makes tables of its
                         own there and drops them at the end.
  --engine private       a server of the demo's own, from the MariaDB or MySQL
                         program on this machine
  --engine sqlite        an embedded SQLite database in a temporary folder
  --seconds N            how long orders are placed, 2 to 120 (default 12)
  --orders-per-second N  20 to 1000 (default: by how fast the database is)
  --break skip           lets a consumer lose one event, to see that it is found
  --help                 this text

Without --database, DATABASE_URL and --engine: a private server if a program
for one is found, else SQLite.

Exit codes: 0 all agrees; 1 it does not, or the demo could not run; 2 wrong
arguments; 130 stopped by Ctrl-C.`;

const options = {
  help: { type: "boolean", short: "h", default: false },
  database: { type: "string" },
  engine: { type: "string" },
  seconds: { type: "string", default: "12" },
  "orders-per-second": { type: "string" },
  break: { type: "string" },
} as const;

/** @throws UsageError naming what is wrong */
export function parseDemoArguments(args: readonly string[]): DemoArguments {
  const values = parse(args);
  const { database } = values;
  const engine = values.engine === undefined ? undefined : oneOf("--engine", values.engine, ["private", "sqlite"]);
  if (database !== undefined && engine !== undefined) {
    throw new UsageError("--database names your own server, --engine one of the demo's own: give one of the two");
  }
  if (database !== undefined) checkDatabaseUrl("--database", database);
  if (values.break !== undefined) oneOf("--break", values.break, ["skip"]);
  const pace = values["orders-per-second"];
  return {
    help: values.help,
    database,
    engine,
    seconds: wholeNumber("--seconds", values.seconds, [2, 120]),
    ordersPerSecond: pace === undefined ? undefined : wholeNumber("--orders-per-second", pace, [20, 1000]),
    skipEvent: values.break !== undefined,
  };
}

/** @throws UsageError for what is no URL of a MySQL or MariaDB database. Never repeats it: it may hold a password. */
export function checkDatabaseUrl(origin: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const example = "mysql://user:password@localhost/shop";
  if (url === undefined) throw new UsageError(`${origin} must be a URL such as ${example}`);
  if (!["mysql:", "mariadb:"].includes(url.protocol)) {
    throw new UsageError(`${origin} must begin with mysql:// or mariadb://`);
  }
  if (url.pathname.length < 2) throw new UsageError(`${origin} must name a database, as in ${example}`);
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>["values"] {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(usageProblem(error, args));
  }
}

/** What is wrong, without arguments that may be a URL with a password. */
function usageProblem(error: unknown, args: readonly string[]): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
    return "Every argument belongs to an option; a URL goes after --database";
  }
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const names = args.map((arg) => /^--?[a-z-]{1,30}$/.exec(arg)?.[0]).filter((name) => name !== undefined);
    const unknown = names.find((name) => !Object.hasOwn(options, name.replace(/^--/, "")) && name !== "-h");
    return `Unknown option ${unknown ?? ""}`.trimEnd();
  }
  // The other messages name options of the demo's own. What follows the first sentence is advice on positional arguments,
  // which there are none of.
  return message.split(". ", 1)[0] ?? "";
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${flag} must be ${allowed.join(" or ")}`);
  return found;
}

function wholeNumber(flag: string, text: string, [least, most]: readonly [number, number]): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} must be a whole number from ${least} to ${most}`);
}
