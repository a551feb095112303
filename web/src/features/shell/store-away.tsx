import type { Overview } from "@wheelhouse/shared/overview.ts";
import { Status } from "#ui/page/status.tsx";
import { Age, Time } from "#ui/text/time.tsx";

/**
 * The problem that the collector cannot read Wheelhouse's own Postgres; undefined while it can. The webhook
 * metrics come from there, so they become unknown first.
 */
export const storeAwayOf = (overview: Overview | undefined) =>
  overview?.problems.find(({ area, state }) => area === "webhooks" && state === "unknown");

/**
 * Shown at the foot of pages whose data comes only from Postgres while it is unavailable, because nothing else on them
 * would show it for a while.
 */
export const StoreAway = ({ cause, since }: { cause: string; since: string }) => (
  <div>
    <div className="freshness-line store-away" role="status">
      <Status tone="stale" label="Stale" />
      <span>
        {cause}, since <Time at={since} /> (<Age at={since} />
        ). The data on this page may be outdated.
      </span>
    </div>
  </div>
);
