import * as access from "./access/access.ts";
import * as accessLimits from "./access/limits.ts";
import * as accessMembers from "./access/members.ts";
import * as accessSessions from "./access/sessions.ts";
import * as accessTokens from "./access/tokens.ts";
import * as alertChannels from "./alerts/channels.ts";
import * as alertObjectives from "./alerts/objectives.ts";
import * as alertRouting from "./alerts/routing.ts";
import * as alertRules from "./alerts/rules.ts";
import * as alertSilences from "./alerts/silences.ts";
import * as wall from "./alerts/wall.ts";
import * as auditExplore from "./audit/explore.ts";
import * as auditExport from "./audit/export.ts";
import * as auditIntake from "./audit/intake.ts";
import * as auditProof from "./audit/proof.ts";
import * as auditRetention from "./audit/retention.ts";
import * as auditReview from "./audit/review.ts";
import * as auditViews from "./audit/views.ts";
import * as cacheRemovals from "./caches/removals.ts";
import type { Endpoint } from "./endpoint.ts";
import * as maintenance from "./health/maintenance.ts";
import * as history from "./history.ts";
import { liveContracts } from "./live.ts";
import * as queuesFind from "./queues/find.ts";
import * as queueJobActs from "./queues/job-acts.ts";
import * as queueJobs from "./queues/jobs.ts";
import * as reports from "./reports.ts";
import * as otlp from "./sources/otlp.ts";
import * as sourceTrial from "./sources/trial.ts";
import * as sources from "./sources.ts";
import * as webhookDeadLetters from "./webhooks/dead-letters.ts";
import * as webhookEndpoints from "./webhooks/endpoints.ts";
import * as webhookExport from "./webhooks/export.ts";
import * as webhookOrdering from "./webhooks/ordering.ts";
import * as webhookRefusals from "./webhooks/refusals.ts";
import * as webhookResend from "./webhooks/resend.ts";
import * as webhookSources from "./webhooks/senders.ts";
import * as webhookViews from "./webhooks/views.ts";

const contracts = [
  ...liveContracts,
  accessLimits,
  accessMembers,
  accessSessions,
  accessTokens,
  access,
  alertChannels,
  alertRouting,
  alertObjectives,
  alertRules,
  alertSilences,
  auditExplore,
  auditExport,
  auditIntake,
  auditProof,
  auditRetention,
  auditReview,
  auditViews,
  cacheRemovals,
  history,
  maintenance,
  otlp,
  queueJobActs,
  queueJobs,
  queuesFind,
  reports,
  sources,
  webhookDeadLetters,
  webhookEndpoints,
  webhookExport,
  webhookOrdering,
  webhookRefusals,
  webhookResend,
  sourceTrial,
  wall,
  webhookSources,
  webhookViews,
] as const;

type ActionsOf<Contract> = {
  [Name in keyof Contract]: Contract[Name] extends { action: infer Action extends string; response: unknown }
    ? Action
    : never;
}[keyof Contract];
type ActionsOfAll<Contracts> = Contracts extends unknown ? ActionsOf<Contracts> : never;

/** The audit actions declared by endpoints. */
export type DeclaredAction = ActionsOfAll<(typeof contracts)[number]>;

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === "object" && value !== null && "method" in value && "path" in value && "response" in value;

/** Every operation of the API; tests and registries that cover all endpoints derive from this list. */
export const endpoints: readonly Endpoint[] = contracts.flatMap((contract: object) =>
  Object.values(contract).filter(isEndpoint),
);
