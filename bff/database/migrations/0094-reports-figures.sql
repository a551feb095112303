-- Figures of a day, a week and a month, statistics of the database, and of caches by hour.
set local role wheelhouse_owner;

create table wheelhouse.daily_figures (
  org_id uuid not null references wheelhouse.organizations (id),
  -- In UTC.
  day date not null,
  -- Deliveries by what has become of those created on this day.
  deliveries bigint not null,
  completed bigint not null,
  dead_letters bigint not null,
  attempts bigint not null,
  audit_events bigint not null,
  -- Denied or failed.
  audit_refused bigint not null,
  audit_actors bigint not null,
  made_at timestamptz(3) not null default now(),
  primary key (org_id, day)
);
select wheelhouse.own_by_organization('wheelhouse.daily_figures');
grant select on wheelhouse.daily_figures to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.daily_figures to wheelhouse_system;

-- Built from the days.
create table wheelhouse.period_figures (
  org_id uuid not null references wheelhouse.organizations (id),
  period text not null check (period in ('week', 'month')),
  starts_on date not null,
  -- Days of it that are counted.
  days int not null,
  deliveries bigint not null,
  completed bigint not null,
  dead_letters bigint not null,
  attempts bigint not null,
  audit_events bigint not null,
  audit_refused bigint not null,
  made_at timestamptz(3) not null default now(),
  primary key (org_id, period, starts_on)
);
select wheelhouse.own_by_organization('wheelhouse.period_figures');
grant select on wheelhouse.period_figures to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.period_figures to wheelhouse_system;

-- Of Wheelhouse's own database, so of the platform.
create table wheelhouse.database_reports (
  org_id uuid not null references wheelhouse.organizations (id),
  made_at timestamptz(3) not null default now(),
  content jsonb not null,
  primary key (org_id, made_at)
);
select wheelhouse.own_by_organization('wheelhouse.database_reports');
grant select on wheelhouse.database_reports to wheelhouse_app;
grant select, insert, delete on wheelhouse.database_reports to wheelhouse_system;

-- What services reported of their caches at that hour.
create table wheelhouse.cache_figures (
  org_id uuid not null references wheelhouse.organizations (id),
  at timestamptz(0) not null,
  service text not null,
  cache text not null,
  hits bigint not null,
  misses bigint not null,
  entries bigint,
  size_bytes bigint,
  primary key (org_id, at, service, cache)
);
create index cache_figures_oldest on wheelhouse.cache_figures (at);
select wheelhouse.own_by_organization('wheelhouse.cache_figures');
grant select on wheelhouse.cache_figures to wheelhouse_app;
grant select, insert, delete on wheelhouse.cache_figures to wheelhouse_system;

reset role;
