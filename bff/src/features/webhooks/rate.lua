-- Gives the next free moment to an endpoint with a rate (GCRA without a burst).
-- KEYS[1] the moment from which the endpoint is free, Unix ms
-- ARGV[1] now, Unix ms
-- ARGV[2] time between two attempts, ms
-- ARGV[3] longest wait, ms: a later moment is not taken
-- Returns the wait in ms; negative if the moment was not taken.
local now = tonumber(ARGV[1])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
local at = math.max(now, free)
local wait = math.ceil(at - now)
if wait > tonumber(ARGV[3]) then
  return -wait
end
redis.call('SET', KEYS[1], tostring(at + tonumber(ARGV[2])), 'PX', wait + math.ceil(tonumber(ARGV[2])) + 1000)
return wait
