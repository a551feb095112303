-- Row-level security also before people, their sessions and their identities, which have no organization of their own
-- (docs/decisions/0003): a transaction of the application's role sees who is a member of its organizations, who
-- invited somebody or made a token there, and the person who acts. The system role, which signs people in, sees all.
set local role wheelhouse_owner;

-- Who acts in the current transaction; nobody unless it said so.
create function wheelhouse.current_person() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('wheelhouse.person_id', true), '')::uuid
$$;

create index invitations_invited_by on wheelhouse.invitations (invited_by, org_id);
create index api_tokens_created_by on wheelhouse.api_tokens (created_by, org_id);

do $$
declare
  relation regclass;
begin
  foreach relation in array array['wheelhouse.users', 'wheelhouse.sessions', 'wheelhouse.oidc_identities']::regclass[] loop
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('create policy by_system on %s to wheelhouse_system using (true) with check (true)', relation);
    -- Foreign keys, `rotate_session` and the command for the first administrator act as the owner.
    execute format('create policy by_owner on %s to wheelhouse_owner using (true) with check (true)', relation);
  end loop;
end
$$;

-- Memberships, invitations and tokens are themselves those of the transaction's organizations.
create policy seen on wheelhouse.users for select to wheelhouse_app using (
  id = (select wheelhouse.current_person())
  or exists (select from wheelhouse.memberships m where m.user_id = users.id)
  or exists (select from wheelhouse.invitations i where i.invited_by = users.id)
  or exists (select from wheelhouse.api_tokens t where t.created_by = users.id)
);
create policy changed on wheelhouse.users for update to wheelhouse_app using (
  id = (select wheelhouse.current_person())
  or exists (select from wheelhouse.memberships m where m.user_id = users.id)
);
-- Accounts, sessions and identities are made by nobody but the person whose they are.
create policy made on wheelhouse.users for insert to wheelhouse_app
  with check (id = (select wheelhouse.current_person()));

create policy seen on wheelhouse.sessions for select to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = sessions.user_id));
create policy changed on wheelhouse.sessions for update to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = sessions.user_id));
create policy made on wheelhouse.sessions for insert to wheelhouse_app
  with check (user_id = (select wheelhouse.current_person()));

create policy seen on wheelhouse.oidc_identities for select to wheelhouse_app
  using (exists (select from wheelhouse.users u where u.id = oidc_identities.user_id));
create policy made on wheelhouse.oidc_identities for insert to wheelhouse_app
  with check (user_id = (select wheelhouse.current_person()));

reset role;
