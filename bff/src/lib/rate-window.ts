import type { Redis } from "ioredis";
import { z } from "zod";
import { loadLua, runLua } from "#lib/lua.ts";

const countInWindow = loadLua(new URL("./count-in-window.lua", import.meta.url));
const reply = z.tuple([z.number(), z.number()]).transform(([count, resetMs]) => ({ count, resetMs }));

/**
 * Adds to a counter that Redis forgets `windowMs` after its first count.
 * @returns the count with this one, and the time until it begins again.
 * @throws when Redis cannot be asked.
 */
export const addToWindow = async (redis: Redis, key: string, amount: number, windowMs: number) =>
  reply.parse(await runLua(redis, countInWindow, { keys: [key], args: [amount, windowMs] }));
