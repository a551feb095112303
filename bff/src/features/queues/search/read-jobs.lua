--[[
  Reads what the index keeps of some jobs of one BullMQ queue, and the state each is in. Writes nothing, so it may run as
  EVAL_RO.

  KEYS[1]   '<prefix>:<name>:'
  ARGV[1]   most bytes to return; jobs beyond are left to the next call
  ARGV[2]   most bytes of a job's data to return
  ARGV[3]   data longer than this is not read at all
  ARGV[4…]  ids

  Returns one row for each id that was looked at: 0 when there is no such job, else
    { state, name, timestamp, processedOn, finishedOn, attempts made, most attempts, due ms, start of the error, worker,
      bytes of the data, its start }, with '' for what is not there.
]]
local base = KEYS[1]
local mostBytes, mostData, longestData = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local longestText = 2000
-- Most places of the list of active jobs that are looked at, for jobs without a lock.
local mostActive = 1000

local function score(set, id)
  local reply = redis.pcall('ZSCORE', base .. set, id)
  return type(reply) == 'string' and reply or nil
end

local function isActive(id)
  if redis.call('EXISTS', base .. id .. ':lock') == 1 then return true end
  local place = redis.pcall('LPOS', base .. 'active', id, 'MAXLEN', mostActive)
  if type(place) == 'number' then return true end
  if type(place) == 'table' and place.err then
    for _, each in ipairs(redis.call('LRANGE', base .. 'active', 0, mostActive - 1)) do
      if each == id then return true end
    end
  end
  return false
end

local function stateOf(id)
  if score('completed', id) then return 'completed', '' end
  if score('failed', id) then return 'failed', '' end
  local due = score('delayed', id)
  if due then return 'delayed', string.format('%.0f', math.floor(tonumber(due) / 0x1000)) end
  if score('prioritized', id) then return 'prioritized', '' end
  if score('waiting-children', id) then return 'waiting-children', '' end
  return isActive(id) and 'active' or 'waiting', ''
end

local rows, bytes = {}, 0
for i = 4, #ARGV do
  local id = ARGV[i]
  local key = base .. id
  local job = redis.pcall('HMGET', key, 'name', 'timestamp', 'processedOn', 'finishedOn', 'atm', 'attemptsMade',
    'failedReason', 'pb')
  if job.err or not job[2] then
    rows[#rows + 1] = 0
  else
    local state, due = stateOf(id)
    local most = ''
    if redis.call('HSTRLEN', key, 'opts') < 65536 then
      most = string.match(redis.call('HGET', key, 'opts') or '', '"attempts":(%d+)') or ''
    end
    local size = redis.call('HSTRLEN', key, 'data')
    local data = ''
    if size <= longestData then data = string.sub(redis.call('HGET', key, 'data') or '', 1, mostData) end
    rows[#rows + 1] = {
      state, string.sub(job[1] or '', 1, longestText), job[2], job[3] or '', job[4] or '', job[5] or job[6] or '0', most,
      due, string.sub(job[7] or '', 1, longestText), string.sub(job[8] or '', 1, 200), size, data,
    }
    bytes = bytes + #data + 500
  end
  if bytes >= mostBytes then break end
end
return rows
