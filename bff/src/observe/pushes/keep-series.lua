-- Keeps the newest value of series that instances push. What was added since the last value is added to it, once.
-- KEYS[1] sorted set of all instances, KEYS[2] of those of the organization: member -> server time in ms.
-- KEYS[3], KEYS[4] … hash of each instance: series -> "mode time received interval value", times in ms.
-- ARGV[1] how long a silent instance is kept in ms, ARGV[2] most instances of the organization, ARGV[3] most series of
--   an instance, ARGV[4] how far in ms a time may lie before the last one to count as late, and not as another clock.
-- Then for each instance its member and number of series; for each series its name, "add" or "set", its time in ms,
--   its interval in ms or 0, and the value.
-- Returns { late series, series beyond a limit, { series kept of each instance } }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lifeMs, mostInstances, mostSeries, lateMs =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for index = 1, 2 do redis.call('ZREMRANGEBYSCORE', KEYS[index], '-inf', now - lifeMs) end
local late, over, kept = 0, 0, {}
local at = 5

local function keep(key, size, series, mode, timeMs, intervalMs, value)
  local before = redis.call('HGET', key, series)
  if not before and size >= mostSeries then return 'over' end
  if before then
    local beforeMode, beforeMs, _, beforeIntervalMs, beforeValue =
      string.match(before, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
    local gapMs = timeMs - tonumber(beforeMs)
    if gapMs == 0 then return 'same' end
    if gapMs < 0 and gapMs > -lateMs then return 'late' end
    if intervalMs == 0 then intervalMs = gapMs > 0 and gapMs or tonumber(beforeIntervalMs) end
    if mode == 'add' and beforeMode == 'add' then
      value = string.format('%.17g', tonumber(beforeValue) + tonumber(value))
    end
  end
  redis.call('HSET', key, series, string.format('%s %.0f %.0f %.0f %s', mode, timeMs, now, intervalMs, value))
  return before and 'changed' or 'new'
end

for index = 3, #KEYS do
  local key, member, count = KEYS[index], ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  local size = redis.call('HLEN', key)
  local isKnown = redis.call('ZSCORE', KEYS[1], member)
  if not isKnown and (count == 0 or redis.call('ZCARD', KEYS[2]) >= mostInstances) then
    over = over + count
    at = at + 5 * count
  else
    for _ = 1, count do
      local outcome = keep(
        key, size, ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4])
      at = at + 5
      if outcome == 'new' then size = size + 1 end
      if outcome == 'late' then late = late + 1 end
      if outcome == 'over' then over = over + 1 end
    end
    redis.call('PEXPIRE', key, lifeMs)
    for each = 1, 2 do redis.call('ZADD', KEYS[each], now, member) end
    redis.call('PEXPIRE', KEYS[2], lifeMs)
  end
  kept[#kept + 1] = size
end
return { late, over, kept }
