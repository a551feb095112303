-- Deliveries of endpoints that ask for order: per key, the next one begins when the one before it has ended.
set local role wheelhouse_owner;

create table wheelhouse.webhook_ordered (
  seq bigint generated always as identity primary key,
  org_id uuid not null references wheelhouse.organizations (id),
  endpoint_id uuid not null,
  key text not null,
  delivery_id uuid not null,
  delivery_created_at timestamptz(3) not null,
  -- `head`: it may be attempted, and those after it wait. `new` and `ended`: its key is to be looked at.
  state text not null default 'new' check (state in ('new', 'waiting', 'head', 'ended'))
);
create unique index webhook_ordered_delivery on wheelhouse.webhook_ordered (delivery_id);
create index webhook_ordered_key on wheelhouse.webhook_ordered (endpoint_id, key, seq);
create unique index webhook_ordered_heads on wheelhouse.webhook_ordered (endpoint_id, key) where state = 'head';
create index webhook_ordered_work on wheelhouse.webhook_ordered (seq) where state in ('new', 'ended');

select wheelhouse.own_by_organization('wheelhouse.webhook_ordered');
grant select, delete, update (state) on wheelhouse.webhook_ordered to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.webhook_ordered to wheelhouse_system;

-- Whatever ends a delivery, its key is looked at next. A dead letter has not ended: it holds its key.
create function wheelhouse.end_webhook_ordered() returns trigger language plpgsql set search_path = wheelhouse, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  update webhook_ordered o set state = 'ended' from changed d
  where o.delivery_id = d.id and d.status in ('completed', 'discarded') and o.state <> 'ended';
  return null;
end
$$;
create trigger end_webhook_ordered after update on wheelhouse.webhook_delivery_log
  referencing new table as changed for each statement execute function wheelhouse.end_webhook_ordered();

reset role;
