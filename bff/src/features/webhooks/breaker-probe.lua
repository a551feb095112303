-- Gives the right to send the one request that a half-open endpoint gets to at most one process.
-- KEYS[1] hash: endpoint id -> JSON of a breaker that is not closed
-- KEYS[2] lock of the endpoint's probe
-- ARGV[1] endpoint id
-- ARGV[2] now, Unix ms
-- ARGV[3] how long the probe may take, ms; a prober that died blocks no longer than this
-- ARGV[4] channel, on which it is told as lib/channel.ts reads it
-- Returns 1 when the caller may probe (also when nothing is known of the breaker), else 0.
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current then
  redis.call('PUBLISH', ARGV[4], cjson.encode({ from = '', message = { id = ARGV[1] } }))
  return 1
end
local breaker = cjson.decode(current)
if breaker.state == 'open' and breaker.nextProbeAtMs > tonumber(ARGV[2]) then
  return 0
end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then
  return 0
end
if breaker.state == 'open' then
  breaker.state = 'half_open'
  breaker.sinceMs = tonumber(ARGV[2])
end
breaker.nextProbeAtMs = tonumber(ARGV[2]) + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(breaker))
redis.call('PUBLISH', ARGV[4], cjson.encode({ from = '', message = { id = ARGV[1], breaker = breaker } }))
return 1
