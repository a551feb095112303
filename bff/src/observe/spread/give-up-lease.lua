--[[
  Releases the collector's lease, so that another process need not wait for its expiry.

  KEYS[1]  the lease
  ARGV[1]  owner

  Returns 1 if it was ours, otherwise 0
]]
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(.*)/%d+$') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
