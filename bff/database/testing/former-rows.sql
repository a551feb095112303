-- Rows of every feature in a database at the last state of the files in `former-migrations.sql.gz`.
select wheelhouse.make_webhook_partitions(current_date - 1, current_date + 1);

insert into wheelhouse.organizations (id, slug, name, parent_id, depth) values
  ('01900000-0000-7000-8000-000000000002', 'kept', 'Kept', '00000000-0000-7000-8000-000000000001', 2);
insert into wheelhouse.users (id, email, name, password_hash) values
  ('01900000-0000-7000-8000-0000000000a1', 'ada@example.org', 'Ada', '$argon2id$kept'),
  ('01900000-0000-7000-8000-0000000000a2', 'bob@example.org', 'Bob', null);
insert into wheelhouse.memberships (org_id, user_id, role) values
  ('00000000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-0000000000a1', 'superadmin'),
  ('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000a2', 'viewer');
insert into wheelhouse.sessions (id, token_hash, user_id, default_org_id, auth_method, expires_at) values
  ('01900000-0000-7000-8000-0000000000b1', sha256('kept'), '01900000-0000-7000-8000-0000000000a1',
    '00000000-0000-7000-8000-000000000001', 'oidc', now() + interval '1 day');
insert into wheelhouse.oidc_identities (issuer, subject, user_id) values
  ('https://issuer.example', 'ada', '01900000-0000-7000-8000-0000000000a1');
insert into wheelhouse.password_resets (org_id, user_id, token_hash, expires_at) values
  ('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000a2', sha256('reset'), now());
insert into wheelhouse.invitations (org_id, email, role, token_hash, invited_by, expires_at) values
  ('01900000-0000-7000-8000-000000000002', 'eve@example.org', 'auditor', sha256('invited'),
    '01900000-0000-7000-8000-0000000000a1', now());
insert into wheelhouse.api_tokens (org_id, name, prefix, token_hash, capabilities, created_by) values
  ('01900000-0000-7000-8000-000000000002', 'robot', 'whl_12345', sha256('token'), '{queues:read}',
    '01900000-0000-7000-8000-0000000000a1');
insert into wheelhouse.sign_in_failures values ('address', now(), 3, now());
insert into wheelhouse.idempotency_keys (org_id, actor_id, key, request_hash) values
  ('01900000-0000-7000-8000-000000000002', 'robot', 'once', sha256('request'));

-- More than a block of exports holds.
insert into wheelhouse.audit_events (id, org_id, recorded_at, content)
select id, '00000000-0000-7000-8000-000000000001', at, jsonb_build_object(
    'schemaVersion', 2, 'id', id, 'recordedAt', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'occurredAt', null, 'action', 'webhooks.source.create', 'outcome', 'success', 'reason', 'kept since ' || n,
    'organization', jsonb_build_object('id', '00000000-0000-7000-8000-000000000001', 'slug', 'platform', 'name', 'Platform'),
    'actor', jsonb_build_object('type', 'user', 'id', '01900000-0000-7000-8000-0000000000a1', 'display', 'Ada',
      'authMethod', 'password', 'session', null),
    'impersonator', null, 'reportedBy', null, 'before', null, 'after', null, 'address', null, 'userAgent', null,
    'requestId', null, 'targets', jsonb_build_array(jsonb_build_object('type', 'source', 'id', n::text, 'name', 'source ' || n))
  )::text
from (select n, wheelhouse.uuidv7() as id, date_trunc('milliseconds', now()) + n * interval '1 ms' as at
  from generate_series(1, 300) n) acts;
set constraints all immediate;
insert into wheelhouse.audit_checkpoints (org_id, line)
select org_id, jsonb_build_object('orgId', org_id, 'number', 1, 'seq', seq, 'hash', encode(hash, 'hex'), 'keyId', 'kept')::text
from wheelhouse.audit_heads;
select wheelhouse.build_audit_blocks('00000000-0000-7000-8000-000000000001', 1);
select wheelhouse.roll_up_audit('00000000-0000-7000-8000-000000000001', 1000);
insert into wheelhouse.audit_sink_state (sink, org_id, number) values ('file', '00000000-0000-7000-8000-000000000001', 1);
insert into wheelhouse.audit_retention (org_id, keep_days) values ('01900000-0000-7000-8000-000000000002', 30);
insert into wheelhouse.audit_legal_holds (org_id, reason, placed_by) values
  ('01900000-0000-7000-8000-000000000002', 'a dispute', 'Ada');
insert into wheelhouse.audit_intake_keys (org_id, reporter, key, request_hash, audit_id) values
  ('00000000-0000-7000-8000-000000000001', 'robot', 'once', sha256('event'), '01900000-0000-7000-8000-0000000000c1');
insert into wheelhouse.audit_views (org_id, owner_id, owner_name, name, shared, filter) values
  ('00000000-0000-7000-8000-000000000001', 'ada', 'Ada', 'Mine', true, '{"outcomes": ["denied"]}');
insert into wheelhouse.audit_reviews (id, org_id, name, from_at, to_at, filter, opened_by, opened_by_name, covered_seq, covered_hash)
values ('01900000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-000000000001', 'Quarter', now(), now() + interval '1 day',
  '{}', 'ada', 'Ada', 300, 'ff');
insert into wheelhouse.audit_review_items (review_id, org_id, audit_id, seq, recorded_at, mark, marked_by)
select '01900000-0000-7000-8000-0000000000d1', org_id, audit_id, seq, recorded_at, 'flagged', 'ada'
from wheelhouse.audit_chain where seq = 7;
insert into wheelhouse.audit_review_comments (review_id, org_id, audit_id, author_id, author_name, text)
select review_id, org_id, audit_id, 'ada', 'Ada', 'why?' from wheelhouse.audit_review_items;

insert into wheelhouse.webhook_sources (id, org_id, slug, name, scheme, secret_hint) values
  ('01900000-0000-7000-8000-0000000000e1', '01900000-0000-7000-8000-000000000002', 'shop', 'Shop', 'github', 'abcd');
insert into wheelhouse.webhook_endpoints (id, org_id, slug, name, url, secret_hint) values
  ('01900000-0000-7000-8000-0000000000e2', '01900000-0000-7000-8000-000000000002', 'hook', 'Hook', 'https://example.org', 'abcd');
insert into wheelhouse.webhook_events values
  ('evt_1', '01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e1', 'their-1', 'order.paid',
    'application/json', '{"a": "b"}', '\x00ff', now(), now());
insert into wheelhouse.webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
  max_attempts, generation_started_at, created_at)
values ('01900000-0000-7000-8000-0000000000e3', '01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e1',
  '01900000-0000-7000-8000-0000000000e2', 'order.paid', 'evt_1', now(), 'dead_letter', 5, now(), now());
insert into wheelhouse.webhook_claims values
  ('01900000-0000-7000-8000-0000000000e3', now(), '01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e2',
    1, 1, 'schedule', 'https://example.org', 'worker', now(), now());
insert into wheelhouse.webhook_attempts (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt,
  attempt_trigger, url, started_at, finished_at, outcome, request_headers)
values ('01900000-0000-7000-8000-0000000000e3', now(), '01900000-0000-7000-8000-000000000002',
  '01900000-0000-7000-8000-0000000000e2', 1, 1, 'schedule', 'https://example.org', now(), now(), 'failure', '{}');
insert into wheelhouse.processed_webhook_events values
  ('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e1', 'their-1', '', 'evt_1', current_date);
insert into wheelhouse.webhook_figures values
  ('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e2', now(), false, true, true, -1, 1);
insert into wheelhouse.webhook_replays (id, org_id, filter, plan, planned_by, created_at, expires_at) values
  ('01900000-0000-7000-8000-0000000000f1', '01900000-0000-7000-8000-000000000002', '{}', '{}', 'Ada', now(), now());
insert into wheelhouse.webhook_replay_endpoints (replay_id, org_id, endpoint_id, event_types, total, paced_at, window_at) values
  ('01900000-0000-7000-8000-0000000000f1', '01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-0000000000e2',
    '{order.paid}', 1, now(), now());
insert into wheelhouse.webhook_replay_items (delivery_id, replay_id, org_id, endpoint_id, delivery_created_at, generation) values
  ('01900000-0000-7000-8000-0000000000e3', '01900000-0000-7000-8000-0000000000f1', '01900000-0000-7000-8000-000000000002',
    '01900000-0000-7000-8000-0000000000e2', now(), 1);
insert into wheelhouse.webhook_replay_journal (replay_id, org_id, at, what) values
  ('01900000-0000-7000-8000-0000000000f1', '01900000-0000-7000-8000-000000000002', now(), 'planned');

insert into wheelhouse.watched_sources (org_id, slug, kind, definition) values
  ('01900000-0000-7000-8000-000000000002', 'carts', 'cache', '{"service": "shop", "name": "carts"}');
insert into wheelhouse.heartbeat_secrets values
  ('01900000-0000-7000-8000-000000000002', 'shop', 'one', sha256('beat'), 'abcd', now());
insert into wheelhouse.maintenance_windows (org_id, services, starts_at, ends_at, reason, created_by) values
  ('01900000-0000-7000-8000-000000000002', '{shop}', now(), now() + interval '1 hour', 'planned', 'Ada');
insert into wheelhouse.operations (org_id, kind, target_id, target_name, source_id, service, act, instances, reason, actor_display, expires_at)
values ('01900000-0000-7000-8000-000000000002', 'breaker.hold', 'b', 'B', 'redis', 'shop', '{}', '{one}', 'why', 'Ada', now());
insert into wheelhouse.cache_removals (org_id, cache_id, cache_name, source_id, prefix, by, value, reason, actor_display) values
  ('01900000-0000-7000-8000-000000000002', 'c', 'C', 'redis', 'carts:', 'key', 'a', 'why', 'Ada');
insert into wheelhouse.leases values ('kept', 'somebody', 7, now());
insert into wheelhouse.history_chunks values
  ('01900000-0000-7000-8000-000000000002', 'queue', 'q', 10, now(), '{depth}', '{1,null,3}', '{}', '{}');
insert into wheelhouse.history_open values ('01900000-0000-7000-8000-000000000002', 'queue', 'q', now(), '{depth}', '{1,null}');
insert into wheelhouse.history_rollups values (now());
insert into wheelhouse.history_journal (org_id, at, kind, subject, text, cause) values
  ('01900000-0000-7000-8000-000000000002', now(), 'breaker', 'B', 'opened', 'errors');
insert into wheelhouse.history_frames values
  ('01900000-0000-7000-8000-000000000002', now(), null, now(), '\x00', '\x00', '\x00', '\x00', '\x00', '\x00', '\x00');
insert into wheelhouse.deployments (org_id, service, version, deployed_at, deployed_by) values
  ('01900000-0000-7000-8000-000000000002', 'shop', '1.2.3', now(), 'Ada');
