-- Lets at most one process send the probe request to a half-open endpoint.
-- KEYS[1] hash: endpoint id -> JSON of a breaker that is not closed
-- KEYS[2] lock of the endpoint's probe
-- ARGV[1] endpoint id
-- ARGV[2] now, Unix ms
-- ARGV[3] lifetime of the lock in ms, so that a process that died does not block further probes
-- ARGV[4] channel for the change, in the format that lib/channel.ts reads
-- Returns 1 when the caller may probe (also when the breaker is unknown), else 0.
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
