import { CHARACTER_TYPES, inCharset, storedBytes } from "../schema/column-capacity.ts";
import type { ColumnDescription } from "../schema/table-columns.ts";

// The most bytes of a message. It is far below the largest packet that any server takes by default; a statement holds
// the message twice.
export const MOST_MESSAGE_BYTES: number = 256 * 1024;

// Where the column is latin1, so is often the connection, which carries less: it would refuse the whole message.
function isCarried(charset: string | undefined, character: string): boolean {
  return charset !== "latin1" || (character >= "\u00a0" && character <= "\u00ff");
}

/**
 * The message as its column takes it: cut between characters, and with "?" for characters that its character set lacks.
 * A strict server would refuse the whole message, so that the event was handled and refused for ever. Another server
 * would cut it anywhere.
 */
export function fitMessage(message: string, column: ColumnDescription): string {
  // Half of a surrogate pair becomes U+FFFD here, as it would on its way to the server.
  const text = Buffer.from(message).toString();
  const { charset, maxLength = Number.POSITIVE_INFINITY } = column;
  const inCharacters = charset !== undefined && CHARACTER_TYPES.has(column.type);
  let left = maxLength;
  let bytesLeft = MOST_MESSAGE_BYTES;
  let fitted = "";
  for (const given of text) {
    const character = given <= "\u007f" || (inCharset(charset, given) && isCarried(charset, given)) ? given : "?";
    left -= inCharacters ? 1 : storedBytes(character, charset);
    bytesLeft -= Buffer.byteLength(character);
    if (left < 0 || bytesLeft < 0) break;
    fitted += character;
  }
  return fitted;
}
