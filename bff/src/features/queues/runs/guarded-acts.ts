import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { JobRunAct, JobRunJobState } from "@wheelhouse/shared/queues/runs.ts";
import { z } from "zod";
import type { LuaScript } from "#lib/redis/lua.ts";
import { placeOfState } from "./frozen-jobs.ts";

/**
 * BullMQ's own scripts, each behind a guard in one script of Redis: the job is acted on if it is still the one of the
 * snapshot, and a receipt says so, at the same moment. So the effects are those of BullMQ, and asking again after a crash
 * changes nothing.
 */

/** Version 6 has no list of paused jobs; before it, `paused` holds what waits while a queue is paused. */
export type Layout = "6" | "before 6";

const load = createRequire(import.meta.url);
const packageOf: Record<Layout, string> = { "6": "bullmq", "before 6": "bullmq-before-6" };
const script = z.object({ content: z.string(), keys: z.number() });

/** The text of a script of BullMQ, as a function of its keys and arguments. */
function bodyOf(layout: Layout, name: string, keys: number): string {
  const module: unknown = load(`${packageOf[layout]}/dist/cjs/scripts/${name}-${keys}.js`);
  const { content } = script.parse(z.record(z.string(), z.unknown()).parse(module)[name]);
  return `local function ${name}(KEYS, ARGV)\n${content}\nend\n`;
}

const keysIn = (base: string, ...names: string[]) =>
  `{ ${names.map((name) => `${base} .. '${name}'`).join(", ")} }`;

const retryOf: Record<Layout, string> = {
  "6": `
local names = { 'events', 'failed', 'wait', 'meta', 'active', 'marker', 'prioritized', 'pc' }`,
  "before 6": `
local names = { 'events', 'failed', 'wait', 'meta', 'paused', 'active', 'marker' }`,
};

/** What follows the guard, and the scripts that it calls. */
const acts: Record<JobRunAct, (layout: Layout) => { bodies: string; act: string }> = {
  retry: (layout) => ({
    bodies:
      layout === "6"
        ? bodyOf(layout, "reprocessJob", 9)
        : bodyOf(layout, "reprocessJob", 8) + bodyOf(layout, "promote", 9),
    act: `
local lifo = string.find(redis.call('HGET', job, 'opts') or '', '"lifo":true', 1, true)
${
  layout === "6"
    ? ""
    : `
-- Its script forgets the priority, which the way over the delayed jobs keeps.
if (tonumber(redis.call('HGET', job, 'priority')) or 0) > 0 then
  redis.call('ZREM', base .. 'failed', id)
  redis.call('HDEL', job, 'finishedOn', 'processedOn', 'failedReason')
  redis.call('ZADD', base .. 'delayed', 0, id)
  promote(${keysIn("base", "delayed", "wait", "paused", "meta", "prioritized", "active", "pc", "events", "marker")}, { base, id })
  return finish()
end`
}
${retryOf[layout]}
local keys = { job }
for i, name in ipairs(names) do keys[i + 1] = base .. name end
if reprocessJob(keys, { id, (lifo and 'R' or 'L') .. 'PUSH', 'failedReason', 'failed', '0', '0' }) ~= 1 then return 'changed' end
return finish()`,
  }),
  promote: (layout) => ({
    bodies: bodyOf(layout, "promote", 9),
    act: `
if promote(${keysIn("base", "delayed", "wait", "paused", "meta", "prioritized", "active", "pc", "events", "marker")}, { base, id }) ~= 0 then return 'changed' end
return finish()`,
  }),
  remove: (layout) => ({
    bodies: bodyOf(layout, "removeJob", 2),
    act: `
local removed = removeJob({ job, base .. 'repeat' }, { id, '0', base })
if removed == 0 then return 'locked' end
if removed == -8 then return 'schedule' end
if removed ~= 1 then return 'changed' end
return finish()`,
  }),
  move: (layout) => ({
    bodies:
      bodyOf(layout, "addStandardJob", 9) +
      bodyOf(layout, "addDelayedJob", 6) +
      bodyOf(layout, "addPrioritizedJob", 9) +
      bodyOf(layout, "removeJob", 2),
    act: `
local to, now = ARGV[5], ARGV[6]
local h = redis.call('HMGET', job, 'name', 'data', 'opts', 'timestamp', 'priority')
local ok, opts = pcall(cjson.decode, h[3] or '{}')
if not ok or type(opts) ~= 'table' then return 'unreadable' end
if redis.call('EXISTS', job .. ':lock') == 1 then return 'locked' end
-- Its key was made for the queue that it leaves.
opts.de, opts.jobId, opts.parent, opts['repeat'] = nil, nil, nil, nil
local due = 0
if state == 'delayed' then due = math.floor(tonumber(stamp) / 4096) end
local timestamp = h[4] or now
opts.delay = due > 0 and math.max(0, due - tonumber(timestamp)) or nil
local packed = cmsgpack.pack({ to, '', h[1] or '', tonumber(timestamp) })
local priority = tonumber(h[5] or '0') or 0
opts.priority = priority > 0 and priority or nil
local options = cmsgpack.pack(opts)
if due > 0 then
  addDelayedJob(${keysIn("to", "marker", "meta", "id", "delayed", "completed", "events")}, { packed, h[2] or '', options })
elseif priority > 0 then
  addPrioritizedJob(${keysIn("to", "marker", "meta", "id", "prioritized", "delayed", "completed", "active", "events", "pc")}, { packed, h[2] or '', options })
else
  addStandardJob(${keysIn("to", "wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker")}, { packed, h[2] or '', options })
end
removeJob({ job, base .. 'repeat' }, { id, '0', base })
return finish()`,
  }),
};

/** How a guard finds that a job is still where the snapshot saw it. */
const guardOf = ({ key, isList }: (typeof placeOfState)[JobRunJobState]) =>
  isList
    ? `
if redis.call('HGET', job, 'timestamp') ~= stamp then return 'changed' end
if type(redis.pcall('LPOS', base .. '${key}', id, 'RANK', -1)) ~= 'number' then return 'changed' end`
    : `
if redis.call('ZSCORE', base .. '${key}', id) ~= stamp then return 'changed' end`;

/**
 * KEYS: base `<prefix>:<name>:`, receipts. ARGV: id, stamp, state, life of receipts s, base to move to, time ms.
 * Returns `done` or why nothing was done.
 */
function compose(layout: Layout, act: JobRunAct, state: JobRunJobState): LuaScript {
  const { bodies, act: text } = acts[act](layout);
  const body = `
local base, receipts, id, stamp, state = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local job = base .. id
if redis.call('SISMEMBER', receipts, id) == 1 then return 'done' end
if redis.call('EXISTS', job) == 0 then return 'gone' end
${guardOf(placeOfState[state])}
local function finish()
  redis.call('SADD', receipts, id)
  redis.call('EXPIRE', receipts, ARGV[4])
  return 'done'
end
${bodies}${text}
`;
  return { body, sha: createHash("sha1").update(body).digest("hex") };
}

const composed = new Map<string, LuaScript>();

/** The script for an act on jobs of a state, in a layout of BullMQ. */
export function guardedAct(layout: Layout, act: JobRunAct, state: JobRunJobState): LuaScript {
  const name = `${layout} ${act} ${state}`;
  const known = composed.get(name);
  if (known) return known;
  const made = compose(layout, act, state);
  composed.set(name, made);
  return made;
}
