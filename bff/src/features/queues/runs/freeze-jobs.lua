--[[
  Some jobs of a BullMQ queue in one state, with what a plan needs to know. Writes nothing, so it may run as EVAL_RO.

  KEYS[1]  '<prefix>:<name>:'
  ARGV[1]  key of the state behind that
  ARGV[2]  'list', 'set' or 'ids'
  ARGV[3]  list: first index. set: lowest score. ids: 'list' or 'set', what the state is
  ARGV[4]  set: how many entries of that score to leave out
  ARGV[5]  most entries
  ARGV[6]  1 if jobs of flows are told apart
  ARGV[7…] ids

  Returns { entries looked at, rows }. A row is { id, stamp or '', name, error, added ms or '', 1 if of a schedule,
  1 if of a flow }; the stamp is '' when the job is not in that state.
]]
local base, key, kind, most = KEYS[1], KEYS[1] .. ARGV[1], ARGV[2], tonumber(ARGV[5])
local call, pcall_, sub = redis.call, redis.pcall, string.sub
local nameMost, errorMost = 500, 2000

local entries = {}
if kind == 'list' then
  local first = tonumber(ARGV[3])
  for _, id in ipairs(call('LRANGE', key, first, first + most - 1)) do entries[#entries + 1] = { id } end
elseif kind == 'set' then
  local flat = call('ZRANGEBYSCORE', key, ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', ARGV[4], most)
  for i = 1, #flat, 2 do entries[#entries + 1] = { flat[i], flat[i + 1] } end
else
  for i = 7, #ARGV do
    local id, score = ARGV[i], nil
    if ARGV[3] == 'set' then
      score = call('ZSCORE', key, id) or ''
    elseif type(pcall_('LPOS', key, id, 'RANK', -1)) ~= 'number' then
      score = ''
    end
    entries[#entries + 1] = { id, score }
  end
end

local function isOfFlow(job, parent)
  return parent or call('EXISTS', job .. ':dependencies', job .. ':processed') > 0
end

local rows = {}
for _, entry in ipairs(entries) do
  local id, score = entry[1], entry[2]
  local job = base .. id
  local h = call('HMGET', job, 'name', 'failedReason', 'timestamp', 'rjk', 'parentKey')
  -- Markers stand among the jobs of a list and have no data of their own.
  if h[3] or kind == 'ids' then
    rows[#rows + 1] = {
      id, score or h[3] or '', sub(h[1] or '', 1, nameMost), sub(h[2] or '', 1, errorMost), h[3] or '',
      (h[4] or sub(id, 1, 7) == 'repeat:') and 1 or 0, ARGV[6] == '1' and isOfFlow(job, h[5]) and 1 or 0,
    }
  end
end
return { #entries, rows }
