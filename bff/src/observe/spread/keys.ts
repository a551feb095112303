import { tickVersion } from "#observe/tick/tick.ts";

/** Keys of the observe path in Wheelhouse's own Redis. */
export const leaderKey = "wheelhouse:observe:leader";
export const termKey = "wheelhouse:observe:term";
/** The last tick and trends, so that charts are not empty after a start. */
export const keptKey = `wheelhouse:observe:kept:${tickVersion}`;
