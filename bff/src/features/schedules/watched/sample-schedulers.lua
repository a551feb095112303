--[[
  Reads the job schedulers of many BullMQ queues in one call. Writes nothing, so it may run as EVAL_RO.

  KEYS[i]      '<prefix>:<name>:' of queue i
  ARGV[1]      most schedulers of a queue
  ARGV[2]      most entries of event streams to read in this call
  ARGV[i + 2]  '' or JSON { "keys": [scheduler whose definition is wanted], "jobs": [pairs of a job's id and ms since when] }

  Returns {server time ms, rows}. Row i is 0 when the queue has none, a text when the server refuses to read it, else
    { number of schedulers,
      { key, ms of the next run, … },
      { { name, pattern, every, tz, startDate, endDate, limit } or 0 when there is no hash, … }  as wanted,
      { { 'gone' | 'there' | 'completed' | 'failed', ms started or '', ms ended or '', reason }, … }  as wanted }
]]
local pcall_, find, type_ = redis.pcall, string.find, type
local refusal

local function read(...)
  local reply = pcall_(...)
  if type_(reply) == 'table' and reply.err then
    if not find(reply.err, 'WRONGTYPE', 1, true) then refusal = reply.err .. ' (' .. (...) .. ')' end
    return nil
  end
  return reply
end

local budget = tonumber(ARGV[2])

-- The outcome of a job that was removed when it ended, as the event stream still tells it.
local function toldOutcome(base, id, sinceMs)
  if budget <= 0 then return { 'gone', '', '', '' } end
  local entries = read('XRANGE', base .. 'events', sinceMs, '+', 'COUNT', math.min(budget, 500)) or {}
  budget = budget - #entries
  local started = ''
  for _, entry in ipairs(entries) do
    local event = {}
    for j = 1, #entry[2], 2 do event[entry[2][j]] = entry[2][j + 1] end
    if event.jobId == id then
      local at = string.match(entry[1], '^%d+')
      if event.event == 'active' then
        started = at
      elseif event.event == 'completed' then
        return { 'completed', started, at, '' }
      elseif event.event == 'failed' then
        return { 'failed', started, at, string.sub(event.failedReason or '', 1, 300) }
      end
    end
  end
  return { 'gone', started, '', '' }
end

local function jobState(base, id, sinceMs)
  local job = read('HMGET', base .. id, 'timestamp', 'processedOn', 'finishedOn', 'failedReason')
  if not job then return { 'there', '', '', '' } end
  if not job[1] then return toldOutcome(base, id, sinceMs) end
  local reason = string.sub(job[4] or '', 1, 300)
  if not job[3] then return { 'there', job[2] or '', '', reason } end
  local isFailed = read('ZSCORE', base .. 'failed', id)
  return { isFailed and 'failed' or 'completed', job[2] or '', job[3], reason }
end

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local rows = {}

for i = 1, #KEYS do
  local base = KEYS[i]
  refusal = nil
  local all = read('ZRANGE', base .. 'repeat', 0, tonumber(ARGV[1]) - 1, 'WITHSCORES') or {}
  local wanted = ARGV[i + 2] ~= '' and cjson.decode(ARGV[i + 2]) or { keys = {}, jobs = {} }
  if #all == 0 and #wanted.jobs == 0 then
    rows[i] = 0
  else
    local total = read('ZCARD', base .. 'repeat') or 0
    local definitions, jobs = {}, {}
    for j, key in ipairs(wanted.keys) do
      local fields = read('HMGET', base .. 'repeat:' .. key, 'name', 'pattern', 'every', 'tz', 'startDate', 'endDate', 'limit')
      if fields and (fields[1] or fields[2] or fields[3]) then
        for k = 1, 7 do fields[k] = fields[k] or '' end
        definitions[j] = fields
      else
        definitions[j] = 0
      end
    end
    for j, job in ipairs(wanted.jobs) do jobs[j] = jobState(base, job[1], job[2]) end
    rows[i] = { total, all, definitions, jobs }
  end
  if refusal then rows[i] = refusal end
end

return { nowMs, rows }
