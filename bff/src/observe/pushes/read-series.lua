-- Series of the instances that pushed since the last read, oldest first. Read-only.
-- KEYS[1] sorted set of all instances: member -> server time in ms.
-- ARGV[1] time of the last read, exclusive; ARGV[2] most instances; ARGV[3] series after which no further instance is
--   read; ARGV[4] prefix of the instances' hashes.
-- Returns { server time in ms, last time read, 1 when there is more, { member, time, { series, value, … }, … } }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = tonumber(ARGV[1])
-- A server that was emptied or restored does not have the pushes of our last read.
if after > now then after = 0 end
-- What else arrives in this millisecond belongs to the next read.
local rows = redis.call(
  'ZRANGEBYSCORE', KEYS[1], '(' .. after, '(' .. now, 'WITHSCORES', 'LIMIT', 0, ARGV[2] * 2)
local found, last, series, more = {}, after, 0, 0
for at = 1, #rows, 2 do
  local score = tonumber(rows[at + 1])
  -- Those of one millisecond belong to the same read.
  if score ~= last and (#found / 3 >= tonumber(ARGV[2]) or series >= tonumber(ARGV[3])) then
    more = 1
    break
  end
  local content = redis.call('HGETALL', ARGV[4] .. rows[at])
  series = series + #content / 2
  last = score
  found[#found + 1] = rows[at]
  found[#found + 1] = score
  found[#found + 1] = content
end
return { now, last, more, found }
