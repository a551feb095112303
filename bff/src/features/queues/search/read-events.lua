--[[
  Reads what is new in the event streams of many BullMQ queues in one call. Writes nothing, so it may run as EVAL_RO.

  KEYS[i]       '<prefix>:<name>:' of queue i
  ARGV[1]       most bytes of entries to read in this call, over all queues
  ARGV[2 * i]   id of the last entry of queue i that was read; '$' asks for the newest id only
  ARGV[2*i+1]   most entries to read of it

  Returns {server time ms, rows}. Row i is a text when the server refuses to read it, 0 when the bytes were used up, else
    { newest id or '0-0', 1 if the entry read last is still there else 0, entries read, their bytes, id of the last one,
      events as { id, event, job id, detail, … } }
  Only events that say something about a job are returned; `detail` is the name of an added job, the start of a failure's
  reason, else the state before.
]]
local told = {
  added = 'name', waiting = 'prev', prioritized = 'prev', delayed = 'prev', active = 'prev', completed = 'prev',
  failed = 'failedReason', removed = 'prev', stalled = 'prev', ['waiting-children'] = 'prev', cleaned = 'count',
}
local longestDetail = 2000

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local budget = tonumber(ARGV[1])
local rows = {}

local function read(base, cursor, most)
  local key = base .. 'events'
  local newest = redis.pcall('XREVRANGE', key, '+', '-', 'COUNT', 1)
  if newest.err then return newest.err end
  local top = newest[1] and newest[1][1] or '0-0'
  if cursor == '$' then return { top, 1, 0, 0, top, {} } end
  local isThere = 1
  if cursor ~= '0-0' and cursor ~= top then
    isThere = #redis.call('XRANGE', key, cursor, cursor)
  end
  if cursor == top then return { top, 1, 0, 0, cursor, {} } end
  local ms, number = string.match(cursor, '^(%d+)%-(%d+)$')
  local entries = redis.call('XRANGE', key, ms .. '-' .. string.format('%.0f', tonumber(number) + 1), '+', 'COUNT', most)
  local events, bytes = {}, 0
  for i = 1, #entries do
    local fields = entries[i][2]
    local event, job, detail, wanted = nil, '', '', nil
    for j = 1, #fields, 2 do
      local name, value = fields[j], fields[j + 1]
      bytes = bytes + #value + 16
      if name == 'event' then
        event, wanted = value, told[value]
      elseif name == 'jobId' then
        job = value
      elseif name == wanted then
        detail = string.sub(value, 1, longestDetail)
      end
    end
    if wanted and job ~= '' or event == 'cleaned' then
      events[#events + 1] = entries[i][1]
      events[#events + 1] = event
      events[#events + 1] = job
      events[#events + 1] = detail
    end
  end
  return { top, isThere, #entries, bytes, #entries > 0 and entries[#entries][1] or cursor, events }
end

for i = 1, #KEYS do
  if budget <= 0 then
    rows[i] = 0
  else
    rows[i] = read(KEYS[i], ARGV[2 * i], tonumber(ARGV[2 * i + 1]))
    if type(rows[i]) == 'table' then budget = budget - rows[i][4] end
  end
end

return { nowMs, rows }
