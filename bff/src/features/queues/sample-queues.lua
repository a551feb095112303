--[[
  Reads the figures of many BullMQ queues in one call. Writes nothing, so it may run as EVAL_RO.

  KEYS[i]       '<prefix>:<name>:' of queue i
  ARGV[1]       most event entries to read in this call, over all queues
  ARGV[2 * i]   first id of the event stream of queue i that was not read yet
  ARGV[2*i+1]   most entries to read of it; -1 looks instead how finished jobs can be counted (see below)

  Returns {server time ms, rows}. Row i is 0 when the queue is gone, a text when the server refuses to read it, else
    { paused 0|1, waiting, prioritized, active, delayed, waiting-children, failed, completed,
      ms since when the oldest waiting job could run or 0,
      counter of completed or -1, counter of failed or -1  (a worker with metrics keeps them; only with 0 or -1),
      most entries allowed here, entries read, completed among them, failed among them, id of the last one,
      length of the event stream, bytes of an entry, number of the last job  (each -1 unless asked with -1) }
]]
local pcall_, find, type_ = redis.pcall, string.find, type

-- Why this user may not read a key of the current queue.
local refusal

local function try(...)
  local reply = pcall_(...)
  if type_(reply) == 'table' and reply.err then return nil, reply.err end
  return reply
end

local function read(...)
  local reply, err = try(...)
  -- A key of another program may have the name of one of ours and a wrong type.
  if err and not find(err, 'WRONGTYPE', 1, true) then refusal = err .. ' (' .. (...) .. ')' end
  return reply
end

local function length(command, key)
  return read(command, key) or 0
end

local function isMarker(id)
  return id == '0' or string.sub(id, 1, 2) == '0:'
end

-- Most ids that are looked at from each end of a list for markers.
local mostLooked = 100

-- Versions 2 to 4 push markers, '0' and '0:<ms>', among the job ids. Returns the jobs and the oldest of them.
local function jobsAmongMarkers(key)
  local count = length('LLEN', key)
  local ids
  if count <= 2 * mostLooked then
    ids = read('LRANGE', key, 0, -1) or {}
  else
    ids = read('LRANGE', key, 0, mostLooked - 1) or {}
    for _, id in ipairs(read('LRANGE', key, -mostLooked, -1) or {}) do ids[#ids + 1] = id end
  end
  local oldest
  for _, id in ipairs(ids) do
    if isMarker(id) then count = count - 1 else oldest = id end
  end
  return count, oldest
end

-- Version 5 and later keep markers apart and write their version.
local function hasMarkers(version)
  local major = version and string.match(version, '^bullmq[^:]*:(%d+)')
  return not major or tonumber(major) < 5
end

local function waitingIn(key, marked)
  if marked then return jobsAmongMarkers(key) end
  local count = length('LLEN', key)
  if count == 0 then return 0, nil end
  local last = read('LINDEX', key, -1)
  if last and string.sub(last, 1, 2) == '0:' then
    if count == 1 then return 0, nil end
    return count - 1, read('LINDEX', key, -2)
  end
  return count, last
end

-- A delayed or retried job waits since it could run, not since it was made.
local function runnableSince(base, id)
  local job = id and read('HMGET', base .. id, 'timestamp', 'processedOn', 'opts')
  if not job or not job[1] then return nil end
  local since = tonumber(job[1]) or 0
  if job[3] and find(job[3], '"delay"', 1, true) then
    local ok, opts = pcall(cjson.decode, job[3])
    if ok and type_(opts) == 'table' and type_(opts.delay) == 'number' then since = since + opts.delay end
  end
  return math.max(since, tonumber(job[2] or 0) or 0)
end

local function oldestOf(base, wait, tail, heldTail, prioritized)
  local oldest = 0
  local function consider(id)
    local since = runnableSince(base, id)
    if since and (oldest == 0 or since < oldest) then oldest = since end
  end
  consider(tail)
  consider(heldTail)
  if wait > 1 then
    -- Jobs enter at the head; only where some were added with `lifo` can the one there be older than the tail.
    local head = read('LINDEX', base .. 'wait', 0)
    local headNumber, tailNumber = tonumber(head), tonumber(tail)
    if not headNumber or not tailNumber or headNumber < tailNumber then consider(head) end
  end
  if prioritized > 0 then
    local key = base .. 'prioritized'
    local first = read('ZRANGE', key, 0, 0, 'WITHSCORES') or {}
    consider(first[1])
    -- The least important ones wait longest: the first of the last priority.
    local last = prioritized > 1 and read('ZRANGE', key, -1, -1, 'WITHSCORES')
    if last and last[2] and first[2] then
      local priority = math.floor(tonumber(last[2]) / 0x100000000)
      if priority > math.floor(tonumber(first[2]) / 0x100000000) then
        local floor = string.format('%.0f', priority * 0x100000000)
        local starved = read('ZRANGEBYSCORE', key, floor, '+inf', 'LIMIT', 0, 1)
        consider(starved and starved[1])
      end
    end
  end
  return oldest
end

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local budget = tonumber(ARGV[1])
local rows = {}

for i = 1, #KEYS do
  local base = KEYS[i]
  refusal = nil
  local meta = read('HMGET', base .. 'meta', 'paused', 'version', 'opts.maxLenEvents')
  if not meta or not (meta[1] or meta[2] or meta[3]) then
    rows[i] = 0
  else
    local marked = hasMarkers(meta[2])
    local wait, tail = waitingIn(base .. 'wait', marked)
    local held, heldTail = waitingIn(base .. 'paused', marked)
    local prioritized = length('ZCARD', base .. 'prioritized')
    local oldest = 0
    if wait + held + prioritized > 0 then
      oldest = oldestOf(base, wait, tail, heldTail, prioritized)
    end

    local events = base .. 'events'
    local allowed, taken, completed, failed, lastId = 0, 0, 0, 0, ''
    local metricsCompleted, metricsFailed, eventCount, entryBytes, lastJob = -1, -1, -1, -1, -1
    local most = tonumber(ARGV[2 * i + 1])
    if most > 0 then
      allowed = math.min(most, budget)
      if allowed > 0 then
        local entries = read('XRANGE', events, ARGV[2 * i], '+', 'COUNT', allowed) or {}
        taken = #entries
        budget = budget - taken
        for j = 1, taken do
          local kind = entries[j][2][2]
          if kind == 'completed' then
            completed = completed + 1
          elseif kind == 'failed' then
            failed = failed + 1
          end
        end
        if taken > 0 then lastId = entries[taken][1] end
      end
    else
      metricsCompleted = tonumber(read('HGET', base .. 'metrics:completed', 'count') or -1) or -1
      metricsFailed = tonumber(read('HGET', base .. 'metrics:failed', 'count') or -1) or -1
      if most < 0 then
        eventCount = length('XLEN', events)
        if eventCount > 0 then
          -- An empty stream already takes about 5 kB.
          local bytes = try('MEMORY', 'USAGE', events, 'SAMPLES', 5) or 0
          entryBytes = math.ceil(math.max(0, bytes - 5120) / eventCount)
        end
        lastJob = tonumber(read('GET', base .. 'id') or 0) or 0
      end
    end

    rows[i] = {
      meta[1] and 1 or 0,
      wait + held,
      prioritized,
      marked and (jobsAmongMarkers(base .. 'active')) or length('LLEN', base .. 'active'),
      length('ZCARD', base .. 'delayed'),
      length('ZCARD', base .. 'waiting-children'),
      length('ZCARD', base .. 'failed'),
      length('ZCARD', base .. 'completed'),
      oldest,
      metricsCompleted,
      metricsFailed,
      allowed,
      taken,
      completed,
      failed,
      lastId,
      eventCount,
      entryBytes,
      lastJob,
    }
  end
  if refusal then rows[i] = refusal end
end

return { nowMs, rows }
