import { tickVersion } from "#observe/tick/tick.ts";

/** Keys of the observe path in Wheelhouse's own Redis. */
export const leaderKey = "wheelhouse:observe:leader";
export const termKey = "wheelhouse:observe:term";
/** Last tick and trends, so that a start does not begin with empty charts. */
export const keptKey = `wheelhouse:observe:kept:${tickVersion}`;
