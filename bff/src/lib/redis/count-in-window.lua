-- Counts in a window that begins with the first count and ends by itself.
-- KEYS[1]: the counter. KEYS[2]: the counters of its kind, highest first to read.
-- ARGV[1]: what to add (may be negative, never below 0). ARGV[2]: window in ms. ARGV[3]: the counter's name in KEYS[2].
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
redis.call("ZADD", KEYS[2], count, ARGV[3])
redis.call("ZREMRANGEBYRANK", KEYS[2], 0, -1001)
redis.call("PEXPIRE", KEYS[2], ARGV[2])
return { count, left }
