-- Instances of one service that report now or did in the last minutes. Read-only.
-- KEYS[1] sorted set of all reports. ARGV[1] prefix of the members, ARGV[2] maximum number of members to read.
-- Returns { member, report or false, … }.
local found = {}
for _, member in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then
    found[#found + 1] = member
    found[#found + 1] = redis.call('GET', 'wheelhouse:report:' .. member)
  end
end
return found
