import type {
  ReplayDetail,
  ReplayFilter,
  ReplayHappening,
  ReplayPhase,
  ReplayState,
} from "@wheelhouse/shared/webhook-replays.ts";
import type { ColumnType, Generated } from "kysely";

type Time = ColumnType<Date, Date | string, Date | string>;
type OptionalTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

type Configured = {
  id: Generated<string>;
  org_id: string;
  slug: string;
  name: string;
  /** Null once the row is deleted. */
  secret_box: Buffer | null;
  secret_hint: string;
  version: Generated<number>;
  created_at: ColumnType<Date, Date | string | undefined, never>;
  deleted_at: OptionalTime;
};

/** What a plan of a replay found, as it is kept with the run. */
type KeptPlan = Omit<ReplayDetail["plan"], "canary" | "asksStepUp" | "holdMs">;

/** Tables of the webhooks feature; mirrors its migrations. */
export type WebhooksTables = {
  webhook_sources: Configured & { scheme: "standard" | "github" };
  webhook_endpoints: Configured & {
    url: string;
    event_types: Generated<string[]>;
    enabled: Generated<boolean>;
    disabled_reason: string | null;
  };
  webhook_events: {
    event_id: string;
    org_id: string;
    source_id: string;
    source_event_id: string;
    event_type: string;
    content_type: string;
    headers: Record<string, string>;
    payload: Buffer;
    received_at: Time;
    created_at: Time;
  };
  webhook_delivery_log: {
    id: string;
    org_id: string;
    source_id: string;
    endpoint_id: string;
    event_type: string;
    event_id: string;
    received_at: Time;
    status: "pending" | "completed" | "failed" | "dead_letter" | "discarded";
    attempts: number;
    max_attempts: number;
    generation: number;
    generation_started_at: Time;
    version: number;
    next_attempt_at: OptionalTime;
    next_trigger: "schedule" | "replay" | "recovery";
    last_attempt_at: OptionalTime;
    completed_at: OptionalTime;
    last_status_code: number | null;
    error_class: string | null;
    error_message: string | null;
    job_id: string | null;
    created_at: Time;
  };
  webhook_claims: {
    delivery_id: string;
    delivery_created_at: Time;
    org_id: string;
    endpoint_id: string;
    generation: number;
    attempt: number;
    attempt_trigger: string;
    url: string;
    worker: string;
    started_at: Time;
    deadline_at: Time;
  };
  webhook_attempts: {
    delivery_id: string;
    delivery_created_at: Time;
    org_id: string;
    endpoint_id: string;
    generation: number;
    attempt: number;
    attempt_trigger: string;
    url: string;
    started_at: Time;
    finished_at: Time;
    latency_ms: number | null;
    outcome: "success" | "failure" | "unknown";
    status_code: number | null;
    error_class: string | null;
    error_message: string | null;
    request_headers: Record<string, string>;
    response_headers: Record<string, string> | null;
    response_body: string | null;
    response_size_bytes: number | null;
    response_truncated: boolean | null;
  };
  webhook_replays: {
    id: Generated<string>;
    org_id: string;
    state: Generated<ReplayState>;
    filter: ColumnType<ReplayFilter, string, never>;
    plan: ColumnType<KeptPlan, string, string>;
    reason: string | null;
    rate: number | null;
    cause: string | null;
    total: Generated<number>;
    sent: Generated<number>;
    succeeded: Generated<number>;
    failed: Generated<number>;
    skipped: Generated<number>;
    planned_by: string;
    started_by: string | null;
    created_at: Time;
    expires_at: Time;
    starts_at: OptionalTime;
    ended_at: OptionalTime;
  };
  webhook_replay_endpoints: {
    replay_id: string;
    org_id: string;
    endpoint_id: string;
    event_types: string[];
    total: number;
    sent: Generated<number>;
    succeeded: Generated<number>;
    failed: Generated<number>;
    skipped: Generated<number>;
    phase: Generated<ReplayPhase>;
    cause: string | null;
    canary_sent: Generated<number>;
    canary_ok: Generated<number>;
    canary_bad: Generated<number>;
    failed_in_row: Generated<number>;
    rate: number | null;
    budget: Generated<number>;
    paced_at: Time;
    window_at: Time;
    window_ok: Generated<number>;
    window_bad: Generated<number>;
  };
  webhook_replay_items: {
    delivery_id: string;
    replay_id: string;
    org_id: string;
    endpoint_id: string;
    delivery_created_at: Time;
    generation: number;
    state: Generated<"waiting" | "sent" | "succeeded" | "failed" | "skipped">;
    why: string | null;
    status_code: number | null;
    error_class: string | null;
  };
  webhook_replay_journal: {
    replay_id: string;
    id: Generated<number>;
    org_id: string;
    at: Time;
    endpoint_id: string | null;
    what: ReplayHappening;
    detail: string | null;
  };
  webhook_counts: { org_id: string; status: string; delta: number };
  webhook_figures: {
    org_id: string;
    endpoint_id: string;
    at: Time;
    success: boolean;
    first_attempt: boolean;
    final: boolean;
    latency_bucket: number;
    count: number;
  };
};
