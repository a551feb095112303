import type { AccessTables } from "#lib/tables-access.ts";
import type { AuditTables } from "#lib/tables-audit.ts";
import type { CachesTables } from "#lib/tables-caches.ts";
import type { HealthTables } from "#lib/tables-health.ts";
import type { HistoryTables } from "#lib/tables-history.ts";
import type { OperationsTables } from "#lib/tables-operations.ts";
import type { SourcesTables } from "#lib/tables-sources.ts";
import type { WebhooksTables } from "#lib/tables-webhooks.ts";

/** Every table of schema `wheelhouse` as Kysely sees it; the migrations are the truth. */
export type Tables = AccessTables &
  AuditTables &
  CachesTables &
  HealthTables &
  HistoryTables &
  OperationsTables &
  SourcesTables &
  WebhooksTables;
