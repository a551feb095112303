import type { Redis } from "ioredis";
import { z } from "zod";
import { loadLua, runLua } from "#lib/lua.ts";

const countInWindow = loadLua(new URL("./count-in-window.lua", import.meta.url));
const reply = z.tuple([z.number(), z.number()]).transform(([count, resetMs]) => ({ count, resetMs }));

/** What is counted: acts per organization, failures per client address or per account and address. */
export type RateKind = "mutations" | "intake-addresses" | "sign-in-addresses" | "sign-in-accounts";

const counterKey = (kind: RateKind, name: string) => `wheelhouse:rate:${kind}:${name}`;
const indexKey = (kind: RateKind) => `wheelhouse:rate-index:${kind}`;

/**
 * Adds to a counter that Redis forgets `windowMs` after its first count.
 * @returns the count with this one, and the time until it begins again.
 * @throws when Redis cannot be asked.
 */
export const addToWindow = async (
  redis: Redis,
  { kind, name }: { kind: RateKind; name: string },
  amount: number,
  windowMs: number,
) =>
  reply.parse(
    await runLua(redis, countInWindow, {
      keys: [counterKey(kind, name), indexKey(kind)],
      args: [amount, windowMs, name],
    }),
  );
