import type { ColumnType, Generated } from "kysely";

type LeasesTable = { name: string; owner: string; epoch: number; expires_at: Date };

type HistoryChunksTable = {
  org_id: string;
  kind: string;
  entity: string;
  step_s: number;
  starts_at: Date;
  metrics: string[];
  means: (number | null)[];
  mins: (number | null)[];
  maxs: (number | null)[];
};

type HistoryOpenTable = Omit<HistoryChunksTable, "step_s" | "mins" | "maxs">;

type HistoryRollupsTable = { starts_at: Date };

type HistoryJournalTable = {
  id: Generated<string>;
  org_id: string;
  at: Date;
  kind: string;
  subject_id: string | null;
  subject: string;
  from_state: string | null;
  to_state: string | null;
  text: string;
  cause: string;
};

type HistoryFramesTable = {
  org_id: string;
  at: Date;
  part: string;
  base_at: Date | null;
  keep_until: Date;
  packed: Buffer;
};

type DeploymentsTable = {
  id: Generated<string>;
  org_id: string;
  service: string;
  version: string;
  deployed_at: ColumnType<Date, string, never>;
  deployed_by: string;
  url: string | null;
  created_at: ColumnType<Date, undefined, never>;
};

/** Tables of the history feature and the leases; mirrors its migration. */
export type HistoryTables = {
  leases: LeasesTable;
  history_chunks: HistoryChunksTable;
  history_open: HistoryOpenTable;
  history_rollups: HistoryRollupsTable;
  history_journal: HistoryJournalTable;
  history_frames: HistoryFramesTable;
  deployments: DeploymentsTable;
};
