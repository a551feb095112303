-- Reports that services left since the last read, oldest first. Read-only.
-- KEYS[1] sorted set of all reports: member -> server time in ms.
-- ARGV[1] time of the last read, exclusive; ARGV[2] most reports; ARGV[3] longest report in bytes; ARGV[4] 1: also all
--   members; ARGV[5] most members.
-- Returns { server time in ms, members in all, last time read, { member, time, report or false, … }, { member, … } }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = tonumber(ARGV[1])
-- A server that was emptied or restored does not have the reports of our last read.
if after > now then after = 0 end
local rows = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local last = rows[#rows] or after
-- Reports of the same millisecond belong to the same read.
if #rows == ARGV[2] * 2 then
  rows = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, last, 'WITHSCORES', 'LIMIT', 0, ARGV[2] * 4)
end
local found = {}
for at = 1, #rows, 2 do
  local key = 'wheelhouse:report:' .. rows[at]
  local report = false
  if redis.call('STRLEN', key) <= tonumber(ARGV[3]) then report = redis.call('GET', key) end
  found[#found + 1] = rows[at]
  found[#found + 1] = tonumber(rows[at + 1])
  found[#found + 1] = report
end
local members = {}
if ARGV[4] == '1' then members = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[5] - 1) end
return { now, redis.call('ZCARD', KEYS[1]), tonumber(last), found, members }
