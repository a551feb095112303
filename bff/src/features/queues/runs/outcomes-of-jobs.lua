--[[
  What has become of jobs after they were put back to work. Writes nothing, so it may run as EVAL_RO.

  KEYS[1]  '<prefix>:<name>:'
  ARGV     ids

  Returns for each id 'open', 'completed', 'gone', or '!' and the start of its error.
]]
local base = KEYS[1]
local call = redis.call
local outcomes = {}
for i, id in ipairs(ARGV) do
  local job = base .. id
  if call('ZSCORE', base .. 'completed', id) then
    outcomes[i] = 'completed'
  elseif call('ZSCORE', base .. 'failed', id) then
    outcomes[i] = '!' .. string.sub(call('HGET', job, 'failedReason') or '', 1, 1000)
  elseif call('EXISTS', job) == 0 then
    outcomes[i] = 'gone'
  else
    outcomes[i] = 'open'
  end
end
return outcomes
