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
