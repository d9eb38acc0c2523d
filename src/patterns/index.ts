export type { DeadLetter, DeadLetterOptions } from "./dead-letter.ts";
export { createDeadLetterConsumer } from "./dead-letter.ts";
