import { tickVersion } from "../tick/tick.ts";

/** Keys and channels of the observe path in Wheelhouse's own Redis. */
export const leaderKey = "wheelhouse:observe:leader";
export const termKey = "wheelhouse:observe:term";
/** Last tick and trends, so that a start does not begin with empty charts. */
export const keptKey = `wheelhouse:observe:kept:${tickVersion}`;
/** Processes of another version publish on a channel of their own, so that neither reads what it does not know. */
export const ticksChannel = (database: number) => `wheelhouse:snapshot:${database}:ticks:${tickVersion}`;
