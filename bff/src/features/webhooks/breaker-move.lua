-- Moves a breaker from one state to another, unless another process was first, and publishes the change.
-- KEYS[1] hash: endpoint id -> JSON of a breaker that is not closed
-- ARGV[1] endpoint id
-- ARGV[2] state from which to move: closed, open or half_open
-- ARGV[3] JSON of the new breaker; empty for closed
-- ARGV[4] channel for the change, in the format that lib/channel.ts reads
-- Returns 1 when moved, 0 when the breaker was in another state.
local current = redis.call('HGET', KEYS[1], ARGV[1])
local state = current and cjson.decode(current).state or 'closed'
if state ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('PUBLISH', ARGV[4], cjson.encode({ from = '', message = { id = ARGV[1] } }))
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('PUBLISH', ARGV[4], cjson.encode({ from = '', message = { id = ARGV[1], breaker = cjson.decode(ARGV[3]) } }))
end
return 1
