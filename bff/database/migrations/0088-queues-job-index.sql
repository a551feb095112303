-- The index of jobs: what can be found of the jobs of watched queues without reading Redis. It follows the queues' event
-- streams. One process writes it, as the system role, under a lease.
set local role wheelhouse_owner;

-- Readers of an index see what a source had sent by this time. A watched source belongs to one organization.
create table wheelhouse.indexed_sources (
  org_id uuid not null references wheelhouse.organizations (id),
  source text not null,
  -- When its streams were last read to their ends, and how far behind the reader is; null before the first time.
  read_at timestamptz(3),
  behind_ms int,
  -- Why it cannot be read now; null if it can.
  failure text,
  updated_at timestamptz(3) not null,
  primary key (org_id, source)
);

create table wheelhouse.indexed_queues (
  id int generated always as identity primary key,
  org_id uuid not null references wheelhouse.organizations (id),
  -- As in lists.
  queue text not null,
  source text not null,
  name text not null,
  -- Id of the last event that was read.
  cursor text not null,
  -- How often events were trimmed before they were read, and when last.
  gaps int not null default 0,
  gap_at timestamptz(3),
  -- A back-fill reads what is in Redis: where it stands, how many jobs it has read, and when the last complete one ended.
  filling jsonb,
  filled_jobs int not null default 0,
  filled_at timestamptz(3),
  -- Jobs that cannot be kept, such as those added before the time that the index keeps.
  skipped int not null default 0,
  added_at timestamptz(3) not null default now(),
  unique (org_id, queue)
);

create sequence wheelhouse.indexed_jobs_no;
create sequence wheelhouse.indexed_job_terms_no;

create table wheelhouse.indexed_jobs (
  org_id uuid not null,
  job_id text collate "C" not null,
  queue int not null,
  -- As the program says that added it; a job outside the kept time is not in the index.
  added_at timestamptz(3) not null,
  -- Orders jobs of one millisecond.
  no bigint not null default nextval('wheelhouse.indexed_jobs_no'),
  name text not null,
  -- `removed` is gone from Redis before it completed, or was removed by somebody.
  state text not null check (state in
    ('waiting', 'prioritized', 'delayed', 'active', 'waiting-children', 'completed', 'failed', 'removed')),
  attempts int not null,
  attempts_most int,
  processed_at timestamptz(3),
  finished_at timestamptz(3),
  -- When a delayed job is due.
  due_at timestamptz(3),
  worker text,
  -- The start of the error of the last attempt, and its normalised form in `indexed_causes`.
  error text,
  cause bigint,
  -- The name under which it is counted.
  tallied_as text not null,
  -- Which rows of `indexed_job_terms` hold its data and its error now, and of what.
  data_no bigint,
  data_hash bigint,
  error_no bigint,
  error_hash bigint,
  data_bytes int,
  -- `whole`; `cut`: too long, the first fields only; `none`: it was gone before it could be read.
  fields text not null check (fields in ('whole', 'cut', 'none')),
  primary key (org_id, job_id, queue, added_at)
) partition by range (added_at);

-- Every mixture of filters is read in order from one of these.
create index indexed_jobs_state on wheelhouse.indexed_jobs (org_id, state, added_at desc, no desc);
create index indexed_jobs_queue on wheelhouse.indexed_jobs (queue, state, added_at desc, no desc);
create index indexed_jobs_name on wheelhouse.indexed_jobs (queue, name, state, added_at desc, no desc);
create index indexed_jobs_cause
  on wheelhouse.indexed_jobs (org_id, cause, added_at desc, no desc) where cause is not null;
create index indexed_jobs_cut on wheelhouse.indexed_jobs (org_id, fields, data_bytes desc) where fields <> 'whole';

-- What a job is found by. Each term is a keyed hash of the organization, a field and its value, so that neither values nor
-- personal data can be read from the index. A row is never changed: a job whose data changes gets another one.
create table wheelhouse.indexed_job_terms (
  org_id uuid not null,
  job_id text collate "C" not null,
  queue int not null,
  added_at timestamptz(3) not null,
  no bigint not null,
  terms bigint[] not null,
  -- Pairs of path and value, in their order, without those that are left out or hashed. Null for words of an error.
  fields jsonb
) partition by range (added_at);
create index indexed_job_terms_by_no on wheelhouse.indexed_job_terms (no);
-- A search reads what is pending one by one, so that it stays small.
create index indexed_job_terms_terms on wheelhouse.indexed_job_terms using gin (terms) with (gin_pending_list_limit = 512);

-- Failures whose messages differ in numbers, ids and times only. The id is a hash of all that follows.
create table wheelhouse.indexed_causes (
  org_id uuid not null,
  id bigint not null,
  name text not null,
  message text not null,
  primary key (org_id, id)
);

-- How many jobs there are, by queue, name (empty: one of very many), state and, for failed ones, cause (else 0). Kept with
-- each write; the times are those of failures.
create table wheelhouse.indexed_job_tallies (
  org_id uuid not null,
  queue int not null,
  name text not null,
  state text not null,
  cause bigint not null,
  jobs int not null,
  first_at timestamptz(3),
  last_at timestamptz(3),
  primary key (org_id, queue, name, state, cause)
) with (fillfactor = 50);

-- What a field of the data is for the index: `out` leaves it out, `hash` keeps only its hash. `queue` null is for all.
create table wheelhouse.index_field_rules (
  org_id uuid not null references wheelhouse.organizations (id),
  id uuid not null default wheelhouse.uuidv7() primary key,
  queue text,
  path text not null check (length(path) between 1 and 200),
  what text not null check (what in ('out', 'hash')),
  created_by text not null,
  created_at timestamptz(3) not null default now()
);
create unique index index_field_rules_one on wheelhouse.index_field_rules (org_id, coalesce(queue, ''), path);

select wheelhouse.own_by_organization(format('wheelhouse.%I', name)::regclass)
from unnest(array['indexed_sources', 'indexed_queues', 'indexed_jobs', 'indexed_job_terms', 'indexed_causes',
  'indexed_job_tallies', 'index_field_rules']) as name;
grant select on wheelhouse.indexed_sources, wheelhouse.indexed_queues, wheelhouse.indexed_jobs,
  wheelhouse.indexed_job_terms, wheelhouse.indexed_causes, wheelhouse.indexed_job_tallies to wheelhouse_app;
grant select, insert, update, delete on wheelhouse.indexed_sources, wheelhouse.indexed_queues, wheelhouse.indexed_jobs,
  wheelhouse.indexed_causes, wheelhouse.indexed_job_tallies to wheelhouse_system;
grant select, insert on wheelhouse.indexed_job_terms to wheelhouse_system;
grant usage on sequence wheelhouse.indexed_jobs_no, wheelhouse.indexed_job_terms_no to wheelhouse_system;
grant select, insert, delete on wheelhouse.index_field_rules to wheelhouse_app;
grant select on wheelhouse.index_field_rules to wheelhouse_system;

-- Operators of arrays and texts are not leakproof, so the search adds the organization by itself.
grant select on wheelhouse.indexed_jobs, wheelhouse.indexed_job_terms, wheelhouse.indexed_causes,
  wheelhouse.indexed_queues to wheelhouse_search;
do $$
declare
  name text;
begin
  foreach name in array array['indexed_jobs', 'indexed_job_terms', 'indexed_causes', 'indexed_queues'] loop
    execute format('create policy by_search on wheelhouse.%I for select to wheelhouse_search using (true)', name);
  end loop;
end
$$;

-- A partition is dropped by the owner, who counts what goes with it.
create policy by_owner on wheelhouse.indexed_jobs to wheelhouse_owner using (true) with check (true);
create policy by_owner on wheelhouse.indexed_job_tallies to wheelhouse_owner using (true) with check (true);
create policy by_owner on wheelhouse.indexed_causes to wheelhouse_owner using (true) with check (true);

reset role;
