-- Counts in a window that starts with the first count and expires by itself.
-- KEYS[1]: the counter. KEYS[2]: the sorted set of all counters of its kind.
-- ARGV[1]: amount to add (may be negative, never below 0). ARGV[2]: window in ms. ARGV[3]: the counter's name there.
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
