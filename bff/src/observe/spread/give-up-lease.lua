--[[
  Gives the collector's lease up, so that another need not wait for its end.

  KEYS[1]  the lease
  ARGV[1]  owner

  Returns 1 when it was ours, else 0
]]
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(.*)/%d+$') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
