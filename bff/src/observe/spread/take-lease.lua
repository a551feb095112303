--[[
  Takes the collector's lease if it is free, and renews it if it is ours.

  KEYS[1]  the lease: owner and term, as '<owner>/<term>'
  KEYS[2]  counter of terms
  ARGV[1]  owner, unique to this process
  ARGV[2]  lifetime of the lease in ms
  ARGV[3]  '1' to take a free lease, '0' to renew only

  Returns the term if the lease is ours, 0 if another process holds it, -1 if it is free
]]
local held = redis.call('GET', KEYS[1])
if not held then
  if ARGV[3] == '0' then return -1 end
  local term = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[1], ARGV[1] .. '/' .. term, 'PX', ARGV[2])
  return term
end
local owner, term = string.match(held, '^(.*)/(%d+)$')
if owner ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return tonumber(term)
