--[[
  One job of a BullMQ queue without its payload. Writes nothing, so it may run as EVAL_RO.

  KEYS[1]  '<prefix>:<name>:'
  ARGV[1]  id of the job
  ARGV[2]  most bytes of a name
  ARGV[3]  most bytes of an error, of options and of a stack trace
  ARGV[4]  most stack traces and children

  Returns 0 when there is no such job, else
    { server time ms, state or 'unknown', score or '', fields, { lengths }, traces, traces left, children, child counts }
]]
local base, id, nameMost, textMost, most = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local call, pcall_ = redis.call, redis.pcall
local job = base .. id
if pcall_('HEXISTS', job, 'name') ~= 1 and pcall_('HEXISTS', job, 'timestamp') ~= 1 then return 0 end

-- Longer lists are searched from both ends only.
local searched = 50000

local function isIn(key)
  if pcall_('LPOS', key, id, 'MAXLEN', searched) then return true end
  return call('LLEN', key) > searched and pcall_('LPOS', key, id, 'RANK', -1, 'MAXLEN', searched) and true or false
end

local function stateOf()
  for _, name in ipairs({ 'completed', 'failed', 'delayed', 'prioritized', 'waiting-children' }) do
    local score = call('ZSCORE', base .. name, id)
    if score then return name, score end
  end
  if isIn(base .. 'active') then return 'active', '' end
  if isIn(base .. 'wait') then return 'waiting', '' end
  if isIn(base .. 'paused') then return 'paused', '' end
  -- It stands deep inside a long list.
  if call('LLEN', base .. 'wait') > 2 * searched then return 'waiting', '' end
  if call('LLEN', base .. 'paused') > 2 * searched then return 'paused', '' end
  return 'unknown', ''
end

local function cut(text, limit)
  if not text then return { '', -1 } end
  return { string.sub(text, 1, limit), #text }
end

local function tracesOf(text)
  if not text or #text > 4 * 1024 * 1024 then return {}, text and 1 or 0 end
  local ok, all = pcall(cjson.decode, text)
  if not ok or type(all) ~= 'table' then return { cut(text, textMost) }, 0 end
  local newest = {}
  for i = #all, math.max(1, #all - most + 1), -1 do newest[#newest + 1] = cut(tostring(all[i]), textMost) end
  return newest, #all - #newest
end

local function childrenOf()
  local counts = {
    call('SCARD', job .. ':dependencies'), call('HLEN', job .. ':processed'),
    call('ZCARD', job .. ':unsuccessful'), call('HLEN', job .. ':failed'),
  }
  local found = {}
  local function add(key, state)
    if #found < most then found[#found + 1] = { key, state } end
  end
  for _, key in ipairs(call('ZRANGE', job .. ':unsuccessful', 0, most - 1)) do add(key, 'failed') end
  for _, key in ipairs(call('SSCAN', job .. ':dependencies', 0, 'COUNT', most)[2]) do add(key, 'unfinished') end
  local function addHash(suffix, state)
    local flat = call('HSCAN', job .. suffix, 0, 'COUNT', most)[2]
    for i = 1, #flat, 2 do add(flat[i], state) end
  end
  addHash(':failed', 'ignored')
  addHash(':processed', 'completed')
  return found, counts
end

local names = { 'timestamp', 'processedOn', 'finishedOn', 'delay', 'priority', 'atm', 'attemptsMade', 'ats', 'stc',
  'pb', 'rjk', 'parentKey', 'deid', 'progress' }
local fields = call('HMGET', job, unpack(names))
for i = 1, #names do fields[i] = string.sub(fields[i] or '', 1, 2001) end
local texts = call('HMGET', job, 'name', 'failedReason', 'opts', 'stacktrace')
local state, score = stateOf()
local traces, left = tracesOf(texts[4])
local children, counts = childrenOf()
local time = call('TIME')
return {
  time[1] * 1000 + math.floor(time[2] / 1000), state, score, fields,
  { cut(texts[1], nameMost), cut(texts[2], textMost), cut(texts[3], textMost) },
  { call('HSTRLEN', job, 'data'), call('HSTRLEN', job, 'returnvalue'), call('LLEN', job .. ':logs'),
    call('EXISTS', job .. ':lock') },
  traces, left, children, counts,
}
