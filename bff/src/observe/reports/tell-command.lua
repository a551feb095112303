-- Leaves a command for the instances of a service and notifies them. Sending it twice has the effect of one.
-- KEYS[1] sorted set of commands: JSON -> expiry in ms of this server's clock; also the channel of the notification.
-- ARGV[1] the command as JSON, ARGV[2] its lifetime in ms.
-- Returns how many were listening.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], 'NX', now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('PUBLISH', KEYS[1], 'command')
