import { Writable } from "node:stream";
import { pino } from "pino";

/**
 * What pino prints of an error that is logged: its message, with the texts of its causes behind it.
 * @type {typeof import("./printed-by-pino.mjs").printedByPino}
 */
export function printedByPino(error) {
  let line = "";
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      line += String(chunk);
      done();
    },
  });
  pino({}, destination).error(error);
  return JSON.parse(line).err.message;
}
