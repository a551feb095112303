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
  class: Derived<string>;
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

type AuditCheckpointsTable = {
  org_id: ColumnType<string, string, never>;
  number: Derived<number>;
  seq: Derived<number>;
  hash: Derived<string>;
  key_id: Derived<string>;
  line: ColumnType<string, string, never>;
  created_at: Derived<Date>;
};

type AuditSinkStateTable = {
  sink: string;
  org_id: string;
  number: number;
  updated_at: ColumnType<Date, Date | undefined, Date>;
};

type AuditRetentionTable = {
  org_id: string;
  keep_days: number | null;
  updated_at: ColumnType<Date, Date | undefined, Date>;
};

type AuditLegalHoldsTable = {
  id: ColumnType<string, string | undefined, never>;
  org_id: string;
  reason: string;
  placed_by: string;
  placed_at: ColumnType<Date, undefined, never>;
  released_by: string | null;
  released_at: Date | null;
};

type AuditExpirationsTable = {
  org_id: Derived<string>;
  upto_seq: Derived<number>;
  checkpoint_number: Derived<number>;
  expired_at: Derived<Date>;
};

type AuditIntakeKeysTable = {
  org_id: string;
  reporter: string;
  key: string;
  request_hash: Buffer;
  audit_id: string;
  created_at: ColumnType<Date, undefined, never>;
};

type AuditBlocksTable = {
  org_id: Derived<string>;
  number: Derived<number>;
  first_at: Derived<Date>;
  last_at: Derived<Date>;
  ndjson: Derived<string>;
  csv: Derived<string>;
};

/** Tables of the audit feature; mirrors its migrations. */
export type AuditTables = {
  audit_events: AuditEventsTable;
  audit_chain: AuditChainTable;
  audit_heads: AuditHeadsTable;
  audit_checkpoints: AuditCheckpointsTable;
  audit_sink_state: AuditSinkStateTable;
  audit_retention: AuditRetentionTable;
  audit_legal_holds: AuditLegalHoldsTable;
  audit_expirations: AuditExpirationsTable;
  audit_intake_keys: AuditIntakeKeysTable;
  audit_blocks: AuditBlocksTable;
};
