export { createUptimes } from "./uptimes.ts";
