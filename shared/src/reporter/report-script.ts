/**
 * One round trip of a reporter: stores its report and its replies, and returns the commands that have not
 * expired. Runs as EVAL with its source, so that any client works; not for Redis Cluster. KEYS: 1 the report,
 * 2 the set of all reports, 3 the commands of the service, 4… replies of operations. ARGV: 1 the report as
 * JSON, 2 its lifetime in ms, 3 its member in the set, 4 retention of members in ms, 5 the instance, 6
 * lifetime of replies in ms, 7… replies as JSON, in the order of their keys. Returns the commands as JSON.
 */
export const reportScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
for at = 4, #KEYS do
  redis.call('HSET', KEYS[at], ARGV[5], ARGV[at + 3])
  redis.call('PEXPIRE', KEYS[at], ARGV[6])
end
return redis.call('ZRANGEBYSCORE', KEYS[3], now, '+inf', 'LIMIT', 0, 100)
`;

/** Withdraws a report: KEYS 1 the report, 2 the set of all reports; ARGV 1 its member in the set. */
export const leaveScript = `
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`;
