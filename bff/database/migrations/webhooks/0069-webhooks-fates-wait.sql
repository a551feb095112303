-- The next migration would set the fate of all stored events in one statement, while nobody can write to their table.
-- This policy lets it find none; 0110 takes the policy away, and the sweeper sets the fates in batches.
do $$
begin
  if not exists (select from wheelhouse.schema_migrations where name = '0070-webhooks-events.sql') then
    set local role wheelhouse_owner;
    create policy fates_wait on wheelhouse.webhook_events as restrictive for update to wheelhouse_owner using (false);
    reset role;
  end if;
end
$$;
