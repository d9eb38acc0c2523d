import { ReflexError } from "../../errors/reflex-error.ts";
import type { SqlParam } from "../database.ts";

/** Which characters a connection carries to its server. */
export type CarriedCharacters = "all" | "without surrogates" | "latin1" | "ascii";

// What is beyond the characters that each carries.
const BEYOND: Readonly<Record<Exclude<CarriedCharacters, "all">, RegExp>> = {
  "without surrogates": /[\ud800-\udfff]/,
  // Servers mean Windows-1252, but drivers send ISO 8859-1: of "€" they would make "¬".
  // oxlint-disable-next-line no-control-regex -- every character of ASCII is carried
  latin1: /[^\0-\x7f\xa0-\xff]/,
  // oxlint-disable-next-line no-control-regex -- as above
  ascii: /[^\0-\x7f]/,
};

/** Asks the server of a connection for {@link carriedBy}'s name, as `charset_text`. */
export const CHARSET_QUESTION = "select cast(@@character_set_client as char) as charset_text";

/** What a connection carries whose server calls its character set so. Of other character sets only ASCII is sure. */
export function carriedBy(charset: string): CarriedCharacters {
  switch (charset) {
    case "utf8mb4":
      return "all";
    case "utf8":
    case "utf8mb3":
      return "without surrogates";
    case "latin1":
      return "latin1";
    default:
      return "ascii";
  }
}

/** Whether some text among the parameters has characters beyond ASCII. */
export function hasMoreThanAscii(params: readonly SqlParam[]): boolean {
  return params.some((param) => typeof param === "string" && BEYOND.ascii.test(param));
}

/**
 * Checks that the text among the parameters reaches the server as it is. In the place of a character that the
 * connection's character set lacks, a driver would send another, and no server would notice.
 * @throws ReflexError `value_changed`
 */
export function checkCarried(params: readonly SqlParam[], carried: CarriedCharacters): void {
  if (carried === "all") return;
  const beyond = BEYOND[carried];
  if (!params.some((param) => typeof param === "string" && beyond.test(param))) return;
  throw new ReflexError(
    "value_changed",
    "a text has characters that the character set of its connection lacks: open the pool with the character set utf8mb4",
  );
}
