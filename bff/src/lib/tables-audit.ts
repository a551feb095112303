import type { ColumnType } from "kysely";

/** Filled by the database from `content`; nobody inserts or changes it. */
type Derived<T> = ColumnType<T, never, never>;

type AuditEventsTable = {
  id: ColumnType<string, string, never>;
  org_id: ColumnType<string, string, never>;
  recorded_at: Derived<Date>;
  content: ColumnType<string, string, never>;
  action: Derived<string>;
  outcome: Derived<string>;
  actor_type: Derived<string>;
  actor_id: Derived<string | null>;
  actor_display: Derived<string>;
  target_keys: Derived<string[]>;
  search_text: Derived<string>;
};

type AuditChainTable = {
  org_id: Derived<string>;
  seq: Derived<number>;
  audit_id: Derived<string>;
  recorded_at: Derived<Date>;
  content_hash: Derived<Buffer>;
  prev: Derived<Buffer>;
  hash: Derived<Buffer>;
};

type AuditHeadsTable = {
  org_id: Derived<string>;
  seq: Derived<number>;
  hash: Derived<Buffer>;
};

/** Tables of the audit feature; mirrors its migrations. */
export type AuditTables = {
  audit_events: AuditEventsTable;
  audit_chain: AuditChainTable;
  audit_heads: AuditHeadsTable;
};
