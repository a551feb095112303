--[[
  Where jobs of a BullMQ queue are. Writes nothing, so it may run as EVAL_RO.

  KEYS[1]  '<prefix>:<name>:'
  ARGV[i]  id of job i

  Returns, for each job, 0 when there is none, else { state, finishedOn or '', 1 if it is added to the front, 1 if it is
  the next run of a schedule, the schedule's key }
]]
local base = KEYS[1]
local call = redis.call
local searched = 50000

local function isIn(key, id)
  if call('LPOS', key, id, 'MAXLEN', searched) then return true end
  return call('LLEN', key) > searched and call('LPOS', key, id, 'RANK', -1, 'MAXLEN', searched) and true or false
end

local function stateOf(id, finished)
  if finished then
    if call('ZSCORE', base .. 'failed', id) then return 'failed' end
    if call('ZSCORE', base .. 'completed', id) then return 'completed' end
  end
  for _, name in ipairs({ 'delayed', 'prioritized', 'waiting-children', 'failed', 'completed' }) do
    if call('ZSCORE', base .. name, id) then return name end
  end
  if isIn(base .. 'active', id) then return 'active' end
  if isIn(base .. 'wait', id) then return 'waiting' end
  if isIn(base .. 'paused', id) then return 'paused' end
  if call('LLEN', base .. 'wait') > 2 * searched then return 'waiting' end
  if call('LLEN', base .. 'paused') > 2 * searched then return 'paused' end
  return 'unknown'
end

-- Schedulers are named in the job; the repeatable jobs before them only by the moment in the job's id.
local function nextRunOf(id, key)
  local scheduler, ms = string.match(id, '^repeat:(.+):(%d+)$')
  if not ms then return 0, '' end
  if key and call('ZSCORE', base .. 'repeat', key) == ms then return 1, key end
  local due = call('ZRANGEBYSCORE', base .. 'repeat', ms, ms, 'LIMIT', 0, 1)
  if due[1] then return 1, due[1] end
  return 0, scheduler
end

local rows = {}
for i, id in ipairs(ARGV) do
  local h = call('HMGET', base .. id, 'timestamp', 'finishedOn', 'opts', 'rjk')
  if not h[1] and call('EXISTS', base .. id) == 0 then
    rows[i] = 0
  else
    local isLifo = 0
    if h[3] and #h[3] <= 65536 and string.find(h[3], '"lifo"', 1, true) then
      local ok, opts = pcall(cjson.decode, h[3])
      if ok and type(opts) == 'table' and opts.lifo == true then isLifo = 1 end
    end
    local isNext, schedule = nextRunOf(id, h[4])
    rows[i] = { stateOf(id, h[2]), h[2] or '', isLifo, isNext, string.sub(schedule, 1, 200) }
  end
end
return rows
