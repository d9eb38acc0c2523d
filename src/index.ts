export { ReflexError } from "./reflex/errors.ts";
