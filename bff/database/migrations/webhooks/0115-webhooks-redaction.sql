-- What the pages hide of a source's events, beside what they hide of every event.
set local role wheelhouse_owner;

alter table wheelhouse.webhook_sources add column redaction jsonb not null default '{}';

reset role;
