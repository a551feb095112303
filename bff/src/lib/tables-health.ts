import type { Generated } from "kysely";

type MaintenanceWindowsTable = {
  id: Generated<string>;
  org_id: string;
  services: string[];
  starts_at: Date;
  ends_at: Date;
  reason: string;
  created_by: string;
  created_at: Generated<Date>;
  ended_at: Date | null;
};

export type HealthTables = { maintenance_windows: MaintenanceWindowsTable };
