import { describe, expect, test } from "vitest";
import type { ColumnDescription } from "../schema/table-columns.ts";
import { fitMessage, MOST_MESSAGE_BYTES } from "./error-message.ts";

function column(type: string, maxLength: number | undefined, charset: string | undefined): ColumnDescription {
  const key = { primary: false, unique: false, autoIncrement: false, largest: undefined, smallest: undefined };
  return { name: "msg", type, fullType: type, maxLength, charset, collation: undefined, ...key };
}

describe("a message", () => {
  test.each([
    // Catches bytes counted as characters or the other way round, a cut inside of "😀" or "é".
    { type: "varchar", length: 4, charset: "utf8mb4", message: "aé😀bc", fitted: "aé😀b" },
    { type: "varchar", length: 3, charset: "utf8mb4", message: "aé😀", fitted: "aé😀" },
    { type: "tinytext", length: 6, charset: "utf8mb4", message: "aé😀b", fitted: "aé" },
    { type: "tinytext", length: 7, charset: "utf8mb4", message: "aé😀b", fitted: "aé😀" },
    { type: "varbinary", length: 2, charset: undefined, message: "aé", fitted: "a" },
    { type: "tinytext", length: 3, charset: "latin1", message: "éééé", fitted: "ééé" },
    // Catches a character that a strict server refuses, so that the error could never be recorded.
    { type: "varchar", length: 10, charset: "utf8mb3", message: "a😀é", fitted: "a?é" },
    { type: "text", length: 65_535, charset: "latin1", message: "a\nb\t€é", fitted: "a\nb\t?é" },
    { type: "text", length: 65_535, charset: "ascii", message: "aé\n", fitted: "a?\n" },
    { type: "tinytext", length: 4, charset: "ucs2", message: "abc", fitted: "ab" },
    { type: "text", length: 6, charset: "utf16", message: "a😀b", fitted: "a😀" },
    { type: "text", length: 8, charset: "utf32", message: "abc", fitted: "ab" },
    { type: "text", length: undefined, charset: undefined, message: "a😀", fitted: "a😀" },
    // Catches half of a pair, which a driver would send as something else.
    { type: "text", length: undefined, charset: undefined, message: "a\ud83d", fitted: "a\ufffd" },
  ])("of $message in $type($length) of $charset is $fitted", ({ type, length, charset, message, fitted }) => {
    expect(fitMessage(message, column(type, length, charset))).toBe(fitted);
  });

  test("is cut below what any server takes in one packet, whatever its column takes", () => {
    // Catches a message of 20 MB, which could never be recorded.
    const fitted = fitMessage("é".repeat(10_000_000), column("longtext", 4_294_967_295, "utf8mb4"));
    expect(Buffer.byteLength(fitted)).toBe(MOST_MESSAGE_BYTES);
  });
});
