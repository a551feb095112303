import type { Generated } from "kysely";

/** Tables of the sources feature; mirrors its migrations. */
export type SourcesTables = {
  watched_sources: {
    id: Generated<string>;
    org_id: string;
    slug: string;
    kind: "redis" | "postgres" | "service" | "prometheus" | "cache";
    /** Unread: its shape is the contract's. */
    definition: unknown;
    url_box: Buffer | null;
    version: Generated<number>;
    created_at: Generated<Date>;
  };
  heartbeat_secrets: {
    org_id: string;
    service: string;
    instance: string;
    secret_hash: Buffer;
    secret_hint: string;
    issued_at: Date;
  };
};
