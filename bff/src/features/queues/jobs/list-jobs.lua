--[[
  One page of the jobs of a BullMQ queue in one state, without payloads. Writes nothing, so it may run as EVAL_RO.

  KEYS[1]  '<prefix>:<name>:'
  ARGV[1]  state
  ARGV[2]  'newest' or 'oldest'
  ARGV[3]  most jobs
  ARGV[4]  id of the last job of the page before, or ''
  ARGV[5]  its place: the score in a sorted set, the distance from the end of a list
  ARGV[6]  most bytes of a name or an error

  Returns { server time ms, 1 if the queue exists, counts in the order of `states`,
            { paused, concurrency, max, duration, version } of meta, jobs, id and place of the last job looked at or '' }
]]
local base, state, order, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local afterId, afterPlace, textMost = ARGV[4], ARGV[5], tonumber(ARGV[6])
local call, pcall_ = redis.call, redis.pcall

local states = { 'waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed', 'waiting-children', 'paused' }
local keyOf = { waiting = 'wait' }
local isList = { waiting = true, active = true, paused = true }
-- A list may have moved on since the page before; so many entries are searched for its last job.
local searched = 100000

local function isMarker(id)
  return (id == '0' or string.find(id, '^0:%d+$') ~= nil) and call('EXISTS', base .. id) == 0
end

local function count(name)
  local key = base .. (keyOf[name] or name)
  if not isList[name] then return call('ZCARD', key) end
  local length = call('LLEN', key)
  -- Versions below 5 push markers among the ids, which stand at an end.
  for _, at in ipairs(length > 1 and { 0, -1 } or { 0 }) do
    local id = call('LINDEX', key, at)
    if id and isMarker(id) then length = length - 1 end
  end
  return length
end

local function fromList(key)
  local length, step = call('LLEN', key), 0
  if afterId ~= '' then
    local place = tonumber(afterPlace) or 0
    local at = order == 'newest' and place or -1 - place
    if call('LINDEX', key, at) == afterId then
      step = place + 1
    else
      local found = pcall_('LPOS', key, afterId, 'RANK', order == 'newest' and 1 or -1, 'MAXLEN', searched)
      if type(found) == 'number' then
        step = (order == 'newest' and found or length - 1 - found) + 1
      else
        -- It has left the list, so that the next one stands in its place.
        step = place
      end
    end
  end
  local ids = order == 'newest' and call('LRANGE', key, step, step + most - 1)
    or call('LRANGE', key, -step - most, -step - 1)
  local entries = {}
  for i = 1, #ids do
    entries[i] = { order == 'newest' and ids[i] or ids[#ids + 1 - i], tostring(step + i - 1) }
  end
  return entries
end

local function fromSet(key)
  local isNewest = order == 'newest'
  local rankOf, range = isNewest and 'ZREVRANK' or 'ZRANK', isNewest and 'ZREVRANGE' or 'ZRANGE'
  local first = 0
  if afterId ~= '' then
    local rank = call(rankOf, key, afterId)
    local score = call('ZSCORE', key, afterId)
    -- A job that was retried and failed again stands elsewhere now.
    if rank and score == afterPlace then
      first = rank + 1
    else
      first = isNewest and call('ZCOUNT', key, '(' .. afterPlace, '+inf') or call('ZCOUNT', key, '-inf', '(' .. afterPlace)
      for _ = 1, 1000 do
        local same = call(range, key, first, first, 'WITHSCORES')
        if not same[1] or same[2] ~= afterPlace then break end
        if isNewest and same[1] < afterId or not isNewest and same[1] > afterId then break end
        first = first + 1
      end
    end
  end
  local flat = call(range, key, first, first + most - 1, 'WITHSCORES')
  local entries = {}
  for i = 1, #flat, 2 do entries[#entries + 1] = { flat[i], flat[i + 1] } end
  return entries
end

local function cut(text)
  if not text then return { '', -1 } end
  return { string.sub(text, 1, textMost), #text }
end

local function attemptsOf(opts)
  if not opts or #opts > 8192 then return -1 end
  local ok, parsed = pcall(cjson.decode, opts)
  if not ok or type(parsed) ~= 'table' then return -1 end
  return tonumber(parsed.attempts) or 0
end

local time = call('TIME')
local counts = {}
for i, name in ipairs(states) do counts[i] = count(name) end
local meta = call('HMGET', base .. 'meta', 'paused', 'concurrency', 'max', 'duration', 'version')
for i = 1, 5 do meta[i] = meta[i] or '' end

local key = base .. (keyOf[state] or state)
local entries = isList[state] and fromList(key) or fromSet(key)
local jobs, last = {}, { '', '' }
for _, entry in ipairs(entries) do
  local id = entry[1]
  last = { id, entry[2] }
  if not (isList[state] and isMarker(id)) then
    local job = base .. id
    local h = call('HMGET', job, 'name', 'timestamp', 'processedOn', 'finishedOn', 'delay', 'priority', 'atm',
      'attemptsMade', 'opts', 'failedReason', 'progress', 'pb', 'rjk', 'parentKey')
    local progress = h[11] and #h[11] <= 2000 and h[11] or ''
    jobs[#jobs + 1] = {
      id, isList[state] and '' or entry[2], cut(h[1]), h[2] or '', h[3] or '', h[4] or '', h[5] or '', h[6] or '',
      h[7] or h[8] or '0', attemptsOf(h[9]), cut(h[10]), progress, string.sub(h[12] or '', 1, 200),
      string.sub(h[13] or '', 1, 200), h[14] and 1 or 0, call('HSTRLEN', job, 'data'),
    }
  end
end
if #entries < most then last = { '', '' } end
return { time[1] * 1000 + math.floor(time[2] / 1000), call('EXISTS', base .. 'meta'), counts, meta, jobs, last }
