-- Counts in a window that begins with the first count and ends by itself.
-- KEYS[1]: the counter. ARGV[1]: what to add (may be negative, never below 0). ARGV[2]: window in ms.
-- Returns { count, ms until the window ends }.
local count = redis.call("INCRBY", KEYS[1], ARGV[1])
if count < 0 then
  redis.call("SET", KEYS[1], 0, "KEEPTTL")
  count = 0
end
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return { count, left }
