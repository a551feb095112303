import type { CacheRemoval, RemovalBy } from "@wheelhouse/shared/cache-removals.ts";
import type { ColumnType, Generated } from "kysely";

/** Tables of the caches feature; mirrors its migrations. */
export type CachesTables = {
  cache_removals: {
    id: Generated<string>;
    org_id: string;
    cache_id: string;
    cache_name: string;
    source_id: string;
    prefix: string;
    store: string | null;
    by: RemovalBy;
    value: string;
    reason: string;
    actor_display: string;
    created_at: Generated<Date>;
    state: Generated<CacheRemoval["state"]>;
    place: Generated<string>;
    looked: Generated<number>;
    total_keys: number | null;
    removed: Generated<number>;
    cause: string | null;
    cancel_requested_at: ColumnType<Date | null, never, Date>;
    runner: string | null;
    told_at: Generated<Date>;
    ended_at: ColumnType<Date | null, never, Date>;
  };
};
