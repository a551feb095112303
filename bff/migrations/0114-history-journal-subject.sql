-- The journal of one thing, newest first, by its id or its name.
set local role wheelhouse_owner;

create index history_journal_subject_id on wheelhouse.history_journal (org_id, subject_id, at desc, id desc);
create index history_journal_subject on wheelhouse.history_journal (org_id, subject, at desc, id desc);

reset role;
