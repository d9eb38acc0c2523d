// What the library does with cursors by itself, as it is told when it takes long.

/** Writing the cursors that are held back, without anybody's asking. */
export const WRITE = "cursors to be written";
/** Looking at the rows of running consumers. */
export const LOOK = "requests to be looked for";
/** Reading what is asked of one consumer. */
export const READ = "requests to be read";
/** Answering that, and completing its record. */
export const ANSWER = "requests to be answered";
