import { createContext, useContext } from "react";

const MomentContext = createContext<string | null>(null);

/** Says below it which moment the pages show. */
export const MomentProvider = MomentContext;

/**
 * The past moment that the pages show, as ISO time-stamp; null while they are live. It belongs into the key and the
 * call of every query of Overview, Services, Breakers, Cache and Queues; nothing can be changed while it is set.
 */
export const useMoment = (): string | null => useContext(MomentContext);
