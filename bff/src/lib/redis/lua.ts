import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

export type LuaScript = { body: string; sha: string };
export type LuaCall = { keys: readonly string[]; args: readonly (string | number)[] };

/** Reads a `.lua` file beside its caller: `loadLua(new URL("./take-lease.lua", import.meta.url))`. */
export function loadLua(file: URL): LuaScript {
  const body = readFileSync(file, "utf8");
  return { body, sha: createHash("sha1").update(body).digest("hex") };
}

/** Runs a script that writes. The body is sent only if the server does not know it yet. */
export async function runLua(
  redis: Redis,
  { body, sha }: LuaScript,
  { keys, args }: LuaCall,
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!startsWith(error, "NOSCRIPT")) throw error;
    return redis.eval(body, keys.length, ...keys, ...args);
  }
}

/**
 * Runs read-only scripts as EVALSHA_RO in one round trip, so that a user without write access may run them. Servers
 * before Redis 7 do not know that command, and others refuse it in words of their own; there they run as EVALSHA.
 */
export function createReadOnlyLua(redis: Redis, { body, sha }: LuaScript) {
  let suffix = "_RO";
  const send = async (command: string, source: string, calls: readonly LuaCall[]) => {
    const pipeline = redis.pipeline();
    for (const { keys, args } of calls) pipeline.call(command, source, keys.length, ...keys, ...args);
    const results = (await pipeline.exec()) ?? [];
    return results.map(([error, value]) => ({ error, value }));
  };

  return async function run(calls: readonly LuaCall[]): Promise<unknown[]> {
    if (calls.length === 0) return [];
    let results = await send(`EVALSHA${suffix}`, sha, calls);
    if (suffix !== "" && results.some(({ error }) => isRefused(error))) {
      const older = await send("EVALSHA", sha, calls);
      // If both are refused, the reason for the first one says more: it is the command that a reader needs.
      if (!older.some(({ error }) => isRefused(error))) {
        suffix = "";
        results = older;
      }
    }
    if (results.some(({ error }) => startsWith(error, "NOSCRIPT")))
      results = await send(`EVAL${suffix}`, body, calls);
    return results.map(({ error, value }) => {
      if (error) throw error;
      return value;
    });
  };
}

/** The command itself was refused; a script that ran and failed names itself, and one that is not known is sent. */
const isRefused = (error: unknown) =>
  startsWith(error, "NOPERM") ||
  (startsWith(error, "ERR ") && error instanceof Error && !/script|user_script/i.test(error.message));

const startsWith = (error: unknown, text: string) => error instanceof Error && error.message.startsWith(text);
